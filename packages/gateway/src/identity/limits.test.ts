import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GatewayError } from "../grpc/status.ts";
import { claimedIdentity } from "./identity.ts";
import { userLimits } from "./limits.ts";

const ADA = claimedIdentity("ada");
const BOB = claimedIdentity("bob");

function refusal(code: string, reason: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof GatewayError);
    assert.deepEqual([error.code, error.status], [code, 8]);
    assert.match(error.message, reason);
    return true;
  };
}

describe("limits", () => {
  test("sessions: as many as said, for some users others", () => {
    const limits = userLimits({ sessions: 2, users: { bob: { sessions: 5 } } });
    limits.checkSession(ADA, 1);
    assert.throws(
      () => {
        limits.checkSession(ADA, 2);
      },
      refusal("too-many-sessions", /^ada has 2 sessions open, and may have 2: end one by spark\.stop\(\)$/u),
    );
    limits.checkSession(BOB, 4);
    assert.throws(
      () => {
        limits.checkSession(BOB, 5);
      },
      refusal("too-many-sessions", /bob/u),
    );
  });

  test("operations: counted a user until they are disposed of, once", () => {
    const limits = userLimits({ operations: 2 });
    const first = limits.beginOperation(ADA);
    const second = limits.beginOperation(ADA);
    assert.throws(
      () => limits.beginOperation(ADA),
      refusal("too-many-operations", /^ada has 2 operations running, and may have 2: wait for one/u),
    );
    using _bobs = limits.beginOperation(BOB);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    using _third = limits.beginOperation(ADA);
    assert.throws(() => limits.beginOperation(ADA), refusal("too-many-operations", /ada/u));
    second[Symbol.dispose]();
  });

  test("what is not said has no bound; a user's own limits stand each by itself", () => {
    const none = userLimits({});
    none.checkSession(ADA, 1_000_000);
    assert.equal(none.largestResult(ADA), undefined);
    const some = userLimits({ resultBytes: 10, sessions: 1, users: { ada: { resultBytes: 20 } } });
    assert.deepEqual([some.largestResult(ADA), some.largestResult(BOB)], [20, 10]);
    assert.throws(
      () => {
        some.checkSession(ADA, 1);
      },
      refusal("too-many-sessions", /ada/u),
    );
    assert.equal(some.largestResult(claimedIdentity("constructor")), 10);
  });
});
