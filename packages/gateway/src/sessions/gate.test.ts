import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isSettled, NEVER } from "../testing/session-rig.ts";
import { Gate } from "./gate.ts";

describe("a session's gate", () => {
  test("is shut when the calls within have ended, and calls that come meanwhile wait", async () => {
    const gate = new Gate();
    const first = await gate.enter("work", NEVER);
    const second = await gate.enter("work", NEVER);
    const shutting = gate.shut(NEVER);
    first[Symbol.dispose]();
    assert.equal(await isSettled(shutting), false);
    second[Symbol.dispose]();
    const shut = await shutting;
    const waiting = gate.enter("follow-up", NEVER);
    assert.equal(await isSettled(waiting), false);
    shut[Symbol.dispose]();
    await waiting;
    assert.equal(gate.running, 1);
  });

  test("is not shut when a call gets in between the last one's end and that", async () => {
    const gate = new Gate();
    const call = await gate.enter("work", NEVER);
    const shutting = gate.shut(NEVER);
    call[Symbol.dispose]();
    const late = await gate.enter("work", NEVER);
    assert.equal(await isSettled(shutting), false);
    late[Symbol.dispose]();
    const shut = await shutting;
    assert.equal(gate.running, 0);
    shut[Symbol.dispose]();
  });

  test("is shut by one at a time", async () => {
    const gate = new Gate();
    const shut = gate.tryShut();
    assert.ok(shut);
    assert.equal(gate.tryShut(), undefined);
    const other = gate.shut(NEVER);
    assert.equal(await isSettled(other), false);
    shut[Symbol.dispose]();
    shut[Symbol.dispose]();
    await other;
    assert.equal(gate.tryShut(), undefined);
  });

  test("stays open for what is held, until it is let go or forgotten", () => {
    const gate = new Gate();
    const released: string[] = [];
    const one = gate.hold(() => released.push("one"));
    gate.hold(() => released.push("two"));
    assert.equal(gate.tryShut(), undefined);
    one[Symbol.dispose]();
    one[Symbol.dispose]();
    assert.equal(gate.tryShut(), undefined);
    gate.forgetHolds();
    assert.deepEqual(released, ["one", "two"]);
    assert.ok(gate.tryShut());
  });

  test("when narrow, lets only in what is about something begun before", async () => {
    const gate = new Gate();
    const narrowing = gate.narrow();
    const work = gate.enter("work", NEVER);
    (await gate.enter("follow-up", NEVER))[Symbol.dispose]();
    assert.equal(await isSettled(work), false);
    narrowing[Symbol.dispose]();
    (await work)[Symbol.dispose]();
  });

  test("a wait that is given up leaves nothing behind", async () => {
    const gate = new Gate();
    const call = await gate.enter("work", NEVER);
    const off = new AbortController();
    const shutting = gate.shut(off.signal);
    off.abort(new Error("changed my mind"));
    await assert.rejects(shutting, /changed my mind/u);
    call[Symbol.dispose]();
    (await gate.enter("work", NEVER))[Symbol.dispose]();
    await assert.rejects(gate.enter("work", off.signal), /changed my mind/u);
    assert.ok(gate.isEmpty);
  });
});
