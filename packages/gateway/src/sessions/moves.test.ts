import assert from "node:assert/strict";
import { randomUUID as id } from "node:crypto";
import { afterEach, beforeEach, describe, test } from "node:test";
import { GatewayError, StatusCode } from "../grpc/status.ts";
import { openStore } from "../store/open-store.ts";
import type { SessionStore } from "../store/session-store.ts";
import { type DriverId, isSettled, NEVER, SessionRig } from "../testing/session-rig.ts";
import { startSettingsDriver, type SettingsDriver } from "../testing/settings-driver.ts";
import type { SessionCall } from "./session-directory.ts";

const BROKEN = new GatewayError("driver-lost", StatusCode.unavailable, "the connection was lost");

describe("sessions that have to leave their driver", () => {
  let store: SessionStore;
  let drivers: Record<DriverId, SettingsDriver>;
  let rig: SessionRig;

  beforeEach(async () => {
    store = await openStore({ type: "memory" });
    drivers = { a: await startSettingsDriver(), b: await startSettingsDriver() };
    rig = await SessionRig.start(store, drivers);
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    await drivers.a[Symbol.asyncDispose]();
    await drivers.b[Symbol.asyncDispose]();
  });
  const other = (driver: DriverId): DriverId => (driver === "a" ? "b" : "a");
  const settingsAt = (driver: DriverId, call: SessionCall) =>
    drivers[driver].has.get(call.place.driverSessionId);

  test("move off a driver that drains, with what they are made of, under another id there", async () => {
    const one = id();
    const from = await rig.open(one, "1");
    await rig.open(id());
    const before = await rig.enter(one);
    const { driverSessionId, serverId } = { ...before.place, ...before.session };
    before[Symbol.dispose]();
    await rig.pool.drain(from, 5_000);
    using call = await rig.enter(one);
    assert.equal(call.place.driver.id, other(from));
    assert.equal(call.session.serverId, serverId);
    assert.notEqual(call.place.driverSessionId, driverSessionId);
    assert.deepEqual(settingsAt(other(from), call), ["set spark.x=1"]);
    assert.deepEqual(rig.counts(), { [other(from)]: 2 });
    const [moved] = rig.of("session-moved");
    assert.deepEqual(
      { ...moved, duration: 0 },
      {
        type: "session-moved",
        ...{
          userId: "ada",
          sessionId: one,
          from,
          to: other(from),
          because: "drain",
          replayed: 1,
          duration: 0,
        },
      },
    );
  });

  test("finish their calls before they move, and calls that come while they move wait", async () => {
    const one = id();
    const from = await rig.open(one);
    const running = await rig.enter(one);
    const halt = drivers[other(from)].halt();
    const drained = rig.pool.drain(from, 20_000);
    // As long as one runs, others are let in.
    const beside = await rig.enter(one);
    assert.equal(beside.place.driver.id, from);
    beside[Symbol.dispose]();
    const held = running.hold();
    running[Symbol.dispose]();
    using reattach = await rig.enter(one, "ReattachExecute");
    assert.equal(reattach.place.driver.id, from);
    reattach[Symbol.dispose]();
    held[Symbol.dispose]();
    await halt.reached;
    const waiting = rig.enter(one);
    assert.equal(await isSettled(waiting), false);
    halt.resume();
    using call = await waiting;
    assert.equal(call.place.driver.id, other(from));
    await drained;
  });

  test("that are pinned stay until they are not, or the driver is stopped", async () => {
    const one = id();
    const from = await rig.open(one);
    const call = await rig.enter(one);
    await call.pin("a streaming query runs");
    call[Symbol.dispose]();
    const drained = rig.pool.drain(from, 20_000);
    while (rig.sessions.report().every(({ stays }) => stays === undefined)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(
      rig.sessions.report().map(({ stays }) => stays),
      ["a streaming query runs"],
    );
    const again = await rig.enter(one);
    assert.equal(again.place.driver.id, from);
    await again.unpin("a streaming query runs");
    again[Symbol.dispose]();
    await drained;
    using moved = await rig.enter(one);
    assert.equal(moved.place.driver.id, other(from));
  });

  test("of a lost driver are moved by their next call, once for all that come together", async () => {
    const one = id();
    const from = await rig.open(one);
    await drivers[from][Symbol.asyncDispose]();
    await rig.until(from, "lost");
    const calls = await Promise.all([rig.enter(one), rig.enter(one), rig.enter(one, "Interrupt")]);
    for (const call of calls) {
      assert.equal(call.place.driver.id, other(from));
      assert.deepEqual(settingsAt(other(from), call), ["set spark.x=1"]);
      call[Symbol.dispose]();
    }
    assert.equal(rig.of("session-moved").length, 1);
    assert.equal(rig.counts()[other(from)], 1);
  });

  test("in the middle of calls are moved when all of these have noticed", async () => {
    const one = id();
    const from = await rig.open(one);
    const calls = [await rig.enter(one), await rig.enter(one)];
    calls[0]?.hold();
    await drivers[from][Symbol.asyncDispose]();
    const [first, second] = calls;
    assert.ok(first && second);
    const replaced = first.replace(BROKEN, NEVER);
    await rig.until(from, "lost");
    const late = rig.enter(one);
    assert.equal(await isSettled(replaced), false);
    const places = await Promise.all([replaced, second.replace(BROKEN, NEVER)]);
    for (const place of places) assert.equal(place.driver.id, other(from));
    assert.deepEqual(first.place, places[0]);
    for (const call of [first, second, await late]) call[Symbol.dispose]();
    assert.equal(rig.of("session-moved").length, 1);
    assert.equal(rig.driver(other(from)).calls, 0);
  });

  test("stay where they are when the driver that a call doubts turns out to live", async () => {
    const one = id();
    await rig.open(one);
    using call = await rig.enter(one);
    const { place } = call;
    assert.equal(await call.replace(BROKEN, NEVER), place);
    assert.equal(rig.of("session-moved").length, 0);
  });

  test("that cannot be moved are lost with their driver, and say why", async () => {
    const one = id();
    const from = await rig.open(one);
    const call = await rig.enter(one);
    await call.pin("a streaming query runs");
    call[Symbol.dispose]();
    await drivers[from][Symbol.asyncDispose]();
    await rig.until(from, "lost");
    const lost = { code: "session-lost", message: /SESSION_CHANGED.*a streaming query runs/u };
    await assert.rejects(rig.enter(one), lost);
    await assert.rejects(rig.enter(one), lost);
    assert.equal(rig.of("session-ended")[0]?.because, "lost");
    await rig.open(id());
    assert.equal(rig.counts()[other(from)], 1);
  });

  test("that another driver does not take stay on a drain, and are lost with their driver", async () => {
    const one = id();
    const from = await rig.open(one);
    drivers[other(from)].refuse("set spark.x=1");
    const off = new AbortController();
    const drained = rig.pool.drain(from, 20_000, off.signal);
    while (rig.sessions.report().every(({ stays }) => stays === undefined)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    off.abort(new Error("off"));
    await assert.rejects(drained, /off/u);
    {
      using call = await rig.enter(one);
      assert.equal(call.place.driver.id, from);
      assert.deepEqual(settingsAt(from, call), undefined);
    }
    assert.deepEqual(rig.counts(), { [from]: 1, [other(from)]: 0 });
    await drivers[from][Symbol.asyncDispose]();
    await rig.until(from, "lost");
    await assert.rejects(rig.enter(one), {
      code: "session-lost",
      message: /the config spark\.x could not be made again: .*there is no set spark\.x=1 here/u,
    });
  });

  test("whose target breaks down in the middle go to a third", async () => {
    const one = id();
    const from = await rig.open(one);
    const target = drivers[other(from)];
    const halt = target.halt();
    await using third = await startSettingsDriver();
    await drivers[from][Symbol.asyncDispose]();
    await rig.until(from, "lost");
    const entering = rig.enter(one);
    await halt.reached;
    await rig.add("c", third);
    await target[Symbol.asyncDispose]();
    using call = await entering;
    assert.equal(call.place.driver.id, "c");
    assert.deepEqual(third.has.get(call.place.driverSessionId), ["set spark.x=1"]);
  });

  test("wait for a driver for a while, and are not lost by that", async () => {
    await rig[Symbol.asyncDispose]();
    rig = await SessionRig.start(store, drivers, { patience: 100 });
    const one = id();
    const from = await rig.open(one);
    const { port } = drivers.a;
    for (const driver of [drivers.a, drivers.b]) await driver[Symbol.asyncDispose]();
    await rig.until("a", "lost");
    await rig.until("b", "lost");
    await assert.rejects(rig.enter(one), { code: "no-driver-ready" });
    const two = id();
    await store.add({
      ...((await store.find({ userId: "ada", clientId: one })) ?? assert.fail()),
      clientId: two,
    });
    await assert.rejects(rig.enter(two, "ReleaseSession"), { code: "session-closed" });
    drivers.a = await startSettingsDriver(port);
    await rig.until("a", "ready");
    using call = await rig.enter(one);
    assert.equal(call.place.driver.id, "a");
    assert.deepEqual(drivers.a.has.get(call.place.driverSessionId), ["set spark.x=1"]);
    assert.ok(["a", "b"].includes(from));
  });
});
