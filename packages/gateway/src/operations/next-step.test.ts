import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type BrokenOperation, MOST_LOSSES, nextStep } from "./next-step.ts";

const EFFECTS = ["read", "session", "write", "pin", "unpin"] as const;
const BOTH = [false, true];

/** Everything that can be known of a broken operation. */
const ALL: readonly BrokenOperation[] = EFFECTS.flatMap((effect) =>
  BOTH.flatMap((sent) =>
    BOTH.flatMap((delivered) =>
      BOTH.flatMap((torn) =>
        BOTH.flatMap((reattachable) =>
          BOTH.flatMap((sameLife) =>
            BOTH.flatMap((resumes) =>
              [0, MOST_LOSSES + 1].map((losses) => ({
                ...{ effect, sent, delivered, torn, reattachable, sameLife, resumes, losses },
              })),
            ),
          ),
        ),
      ),
    ),
  ),
);

const READ: BrokenOperation = {
  effect: "read",
  sent: true,
  delivered: false,
  torn: false,
  reattachable: true,
  sameLife: false,
  resumes: true,
  losses: 1,
};

describe("an operation whose driver does not answer any more", () => {
  test("is never executed twice when it has effects outside of its session", () => {
    const again = ALL.filter((operation) => nextStep(operation).includes("execute"));
    const twice = again.filter(({ effect, sent }) => sent && effect !== "read" && effect !== "session");
    assert.deepEqual(twice, []);
  });

  test("is never executed again when its client has rows of it", () => {
    const again = ALL.filter((operation) => nextStep(operation).includes("execute"));
    assert.deepEqual(
      again.filter(({ sent, delivered, torn }) => sent && (delivered || torn)),
      [],
    );
  });

  test("is taken up only where the driver lives and repeats what was lost on the way, at a message's end", () => {
    for (const operation of ALL.filter((each) => nextStep(each) === "reattach")) {
      const { sameLife, resumes, reattachable, torn } = operation;
      assert.deepEqual([sameLife, resumes, reattachable, torn], [true, true, true, false]);
    }
  });

  for (const [what, operation, step] of [
    ["a read without rows", READ, "execute"],
    [
      "a read without rows whose driver lives and does not repeat",
      { ...READ, sameLife: true, resumes: false },
      "interrupt-and-execute",
    ],
    ["a read with rows", { ...READ, delivered: true }, "operation-lost"],
    ["a read that has cost several drivers", { ...READ, losses: MOST_LOSSES + 1 }, "operation-lost"],
    ["a read whose driver lives and repeats", { ...READ, sameLife: true, delivered: true }, "reattach"],
    [
      "the same, within a message",
      { ...READ, sameLife: true, delivered: true, torn: true },
      "client-reattaches",
    ],
    ["a change of the session", { ...READ, effect: "session" }, "execute"],
    ["a write", { ...READ, effect: "write" }, "outcome-unknown"],
    ["a write whose driver lives and repeats", { ...READ, effect: "write", sameLife: true }, "reattach"],
    [
      "a write that cannot be taken up",
      { ...READ, effect: "write", sameLife: true, reattachable: false },
      "outcome-unknown",
    ],
    ["a write that was not sent", { ...READ, effect: "write", sent: false }, "execute"],
    ["a streaming query", { ...READ, effect: "pin" }, "outcome-unknown"],
  ] as const) {
    test(`${what}: ${step}`, () => {
      assert.equal(nextStep(operation), step);
    });
  }
});
