import assert from "node:assert/strict";
import { randomUUID as id } from "node:crypto";
import { afterEach, beforeEach, describe, test } from "node:test";
import { openStore } from "../store/open-store.ts";
import type { SessionStore } from "../store/session-store.ts";
import { type DriverId, SessionRig, setting } from "../testing/session-rig.ts";
import { startSettingsDriver, type SettingsDriver } from "../testing/settings-driver.ts";
import type { SessionCall } from "./session-directory.ts";

describe("sessions", () => {
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

  test("are opened once by calls that come together, and spread", async () => {
    const one = id();
    const calls = await Promise.all([rig.enter(one), rig.enter(one), rig.enter(one)]);
    assert.equal(new Set(calls.map(({ place }) => place.driverSessionId)).size, 1);
    assert.equal(new Set(calls.map(({ session }) => session.serverId)).size, 1);
    assert.equal(rig.of("session-opened").length, 1);
    const place = calls[0].place.driver;
    assert.equal(place.calls, 3);
    for (const call of calls) call[Symbol.dispose]();
    assert.equal(place.calls, 0);
    await rig.open(id());
    assert.deepEqual(rig.counts(), { a: 1, b: 1 });
  });

  test("are not opened by what needs one", async () => {
    await assert.rejects(rig.enter(id(), "Interrupt"), { code: "session-unknown" });
    assert.deepEqual(rig.counts(), { a: 0, b: 0 });
  });

  test("that were released are closed, and make room", async () => {
    const one = id();
    {
      using call = await rig.enter(one);
      await call.end();
    }
    await assert.rejects(rig.enter(one), { code: "session-closed" });
    assert.deepEqual(rig.counts(), { a: 0, b: 0 });
    assert.deepEqual(
      rig.of("session-ended").map(({ because }) => because),
      ["released"],
    );
  });

  test("are cloned with their journal", async () => {
    const one = id();
    const from = await rig.open(one);
    const clone = { clientId: id(), serverId: id(), driverSessionId: id() };
    {
      using call = await rig.enter(one, "CloneSession");
      await call.cloned(clone);
    }
    {
      using call = await rig.enter(clone.clientId, "Interrupt");
      assert.equal(call.place.driverSessionId, clone.driverSessionId);
      assert.equal(call.session.serverId, clone.serverId);
      await call.record(setting("spark.y", "2"));
    }
    assert.deepEqual(rig.counts(), { [from]: 2, [other(from)]: 0 });
    await rig.pool.drain(from, 5_000);
    using call = await rig.enter(clone.clientId);
    assert.deepEqual(settingsAt(other(from), call), ["set spark.x=1", "set spark.y=2"]);
    using original = await rig.enter(one);
    assert.deepEqual(settingsAt(other(from), original), ["set spark.x=1"]);
  });

  test("that outgrow their journal are pinned and say so", async () => {
    await rig[Symbol.asyncDispose]();
    rig = await SessionRig.start(store, drivers, { journal: { entries: 2 } });
    const one = id();
    {
      using call = await rig.enter(one);
      for (const key of ["spark.a", "spark.b", "spark.a", "spark.c", "spark.d"]) {
        await call.record(setting(key, "1"));
      }
    }
    const [report] = rig.sessions.report();
    assert.deepEqual(report?.pins, [
      "the session has outgrown what is recorded of it: its journal has more than 2 entries",
    ]);
    assert.equal((await store.heads({ userId: "ada", clientId: one })).length, 2);
  });

  test("go on at a gateway that is started anew, on the same driver or another", async () => {
    const [one, two] = [id(), id()];
    const homes = [await rig.open(one), await rig.open(two, "2")];
    assert.deepEqual(homes.toSorted(), ["a", "b"]);
    const before = await rig.enter(one);
    before[Symbol.dispose]();
    await rig[Symbol.asyncDispose]();
    const [kept, gone] = homes;
    assert.ok(kept && gone);
    const { port } = drivers[gone];
    await drivers[gone][Symbol.asyncDispose]();
    drivers[gone] = await startSettingsDriver(port);
    rig = await SessionRig.start(store, drivers);
    {
      using call = await rig.enter(one);
      assert.deepEqual(call.place.driverSessionId, before.place.driverSessionId);
      assert.equal(call.session.serverId, before.session.serverId);
    }
    assert.equal(rig.of("session-moved").length, 0);
    using call = await rig.enter(two);
    assert.deepEqual(settingsAt(call.place.driver.id === "a" ? "a" : "b", call), ["set spark.x=2"]);
    assert.equal(rig.of("session-moved").length, 1);
  });

  test("that their driver has ended while no gateway was there are made again", async () => {
    const one = id();
    await rig.open(one);
    const call = await rig.enter(one);
    const { driver, driverSessionId } = call.place;
    call[Symbol.dispose]();
    await rig[Symbol.asyncDispose]();
    drivers[driver.id === "a" ? "a" : "b"].expire(driverSessionId);
    rig = await SessionRig.start(store, drivers, { sessionKeepAlive: 20 });
    while (rig.sessions.known.get({ userId: "ada", clientId: one })?.goneAs === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    using again = await rig.enter(one);
    assert.notEqual(again.place.driverSessionId, driverSessionId);
    assert.equal(again.session.serverId, call.session.serverId);
    assert.deepEqual(settingsAt(again.place.driver.id === "a" ? "a" : "b", again), ["set spark.x=1"]);
  });

  test("that are idle for long are ended on their drivers too; used ones are kept alive there", async () => {
    await rig[Symbol.asyncDispose]();
    rig = await SessionRig.start(store, { a: drivers.a }, { longestIdle: 300, sessionKeepAlive: 20 });
    const one = id();
    await rig.open(one);
    const call = await rig.enter(one);
    const { driverSessionId } = call.place;
    call[Symbol.dispose]();
    while (!drivers.a.released.includes(driverSessionId)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await assert.rejects(rig.enter(one), { code: "session-closed", message: /no call came for 300 ms/u });
    assert.deepEqual(rig.counts(), { a: 0 });
  });
});
