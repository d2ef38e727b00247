import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { GatewayError, StatusCode } from "../grpc/status.ts";
import { openStore } from "../store/open-store.ts";
import { NEVER, SessionRig, setting } from "../testing/session-rig.ts";
import { startSettingsDriver, type SettingsDriver } from "../testing/settings-driver.ts";

const BROKEN = new GatewayError("driver-lost", StatusCode.unavailable, "the connection was lost");

const SESSIONS = 12;

/** Calls that each of a session's two clients makes. */
const CALLS = 40;

test("sessions keep all that was recorded, and drivers their counts, while drivers come, drain and die", async () => {
  await using store = await openStore({ type: "memory" });
  const drivers = new Map<string, SettingsDriver>();
  for (const id of ["a", "b", "c"]) drivers.set(id, await startSettingsDriver());
  await using rig = await SessionRig.start(store, Object.fromEntries(drivers), { patience: 20_000 });
  const names = Array.from({ length: SESSIONS }, () => randomUUID());
  let working = true;

  /** One of a session's clients: calls that change it, some of which lose their driver on the way. */
  const client = async (name: string, mine: string) => {
    for (let number = 0; number < CALLS; number += 1) {
      using call = await rig.enter(name);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
      const { driver, life } = call.place;
      if (driver.connection !== life) await call.replace(BROKEN, NEVER);
      const { place } = call;
      await call.record(setting(`spark.${mine}`, String(number)));
      // A session does not leave its place while a call of it is within.
      const known = rig.sessions.known.get({ userId: "ada", clientId: name });
      assert.equal(known?.stored.place?.driverSessionId, place.driverSessionId);
    }
  };
  /** Drains or kills one driver after the other; each comes back. */
  const trouble = async () => {
    for (let turn = 0; working; turn += 1) {
      const [id] = [...drivers.keys()].slice(turn % 3);
      const driver = id === undefined ? undefined : drivers.get(id);
      assert.ok(id !== undefined && driver !== undefined);
      if (turn % 2 === 0) await rig.pool.drain(id, 10_000);
      else {
        await driver[Symbol.asyncDispose]();
        await rig.until(id, "lost");
        await rig.pool.drain(id, 0);
      }
      if (turn % 2 === 0) await driver[Symbol.asyncDispose]();
      const next = await startSettingsDriver();
      drivers.set(id, next);
      await rig.add(id, next);
    }
  };
  const troubled = trouble();
  await Promise.all(names.flatMap((name) => [client(name, "x"), client(name, "y")]));
  working = false;
  await troubled;

  assert.ok(rig.of("session-moved").length >= SESSIONS, "there was trouble");
  assert.deepEqual(rig.of("session-ended"), []);
  // Once more from everywhere, so that all that is left has been replayed.
  for (const id of ["a", "b", "c"]) {
    await rig.pool.drain(id, 10_000);
    await drivers.get(id)?.[Symbol.asyncDispose]();
    const next = await startSettingsDriver();
    drivers.set(id, next);
    await rig.add(id, next);
  }
  for (const name of names) {
    using call = await rig.enter(name);
    const found = drivers.get(call.place.driver.id)?.has.get(call.place.driverSessionId);
    assert.deepEqual(found?.toSorted(), [`set spark.x=${CALLS - 1}`, `set spark.y=${CALLS - 1}`]);
  }
  const counts = Object.values(rig.counts());
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    SESSIONS,
  );
  for (const driver of rig.pool.drivers) assert.equal(driver.calls, 0);
  for (const driver of drivers.values()) await driver[Symbol.asyncDispose]();
});
