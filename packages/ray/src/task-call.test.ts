import assert from "node:assert/strict";
import { test } from "node:test";
import { ObjectRef } from "./object-ref.ts";
import { encodeCall, functionIdentity } from "./task-call.ts";

const FUNCTION = { module: "m", name: "f" };

test("refs leave their places, positions and keywords, to Ray", () => {
  const { call, refs } = encodeCall("id-1", {
    function: FUNCTION,
    arguments: [1, new ObjectRef("a"), { x: null }],
    keywordArguments: { k: new ObjectRef("b"), plain: [true] },
    run: "r",
    label: "7",
  });
  assert.deepEqual(refs, ["a", "b"]);
  assert.deepEqual(JSON.parse(call), {
    task: "id-1",
    run: "r",
    label: "7",
    args: [1, null, { x: null }],
    kwargs: { k: null, plain: [true] },
    refs: [1, "k"],
  });
});

test("a call without extras is short", () => {
  const { call, refs } = encodeCall("id-2", { function: FUNCTION, run: "r" });
  assert.deepEqual(refs, []);
  assert.equal(call, '{"task":"id-2","run":"r","args":[]}');
});

test("a function is known by its content, place included", () => {
  const source = { source: "def f(): pass", name: "f" };
  assert.equal(functionIdentity(source), functionIdentity({ ...source }));
  const others = [{ ...source, name: "g" }, { ...source, firstLine: 2 }, { ...source, file: "a" }, FUNCTION];
  const identities = new Set([source, ...others].map(functionIdentity));
  assert.equal(identities.size, 5);
});
