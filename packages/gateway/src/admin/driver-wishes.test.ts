import assert from "node:assert/strict";
import { after, test } from "node:test";
import { pino } from "pino";
import { driverAt } from "../drivers/launcher.ts";
import { DriverPool } from "../drivers/pool.ts";
import { openStore } from "../store/open-store.ts";
import { DriverWishes } from "./driver-wishes.ts";

const log = pino({ level: "silent" });

/** Nobody listens there: the driver is tried again and again, which is all that these tests need of it. */
const FAR = { id: "far", host: "127.0.0.1", port: 1, pool: "big", capacity: 5 };

const cleanUp = new AsyncDisposableStack();
after(() => cleanUp.disposeAsync());
const store = cleanUp.use(await openStore({ type: "memory" }));

/** A gateway's pool and what it does of the wishes in the store. */
async function gateway(): Promise<{ pool: DriverPool; wishes: DriverWishes }> {
  const pool = cleanUp.use(new DriverPool());
  return { pool, wishes: cleanUp.use(await DriverWishes.follow(pool, store, log, 20)) };
}

const idsIn = (pool: DriverPool): readonly string[] => pool.drivers.map(({ id }) => id);

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

test("what is added and drained at one gateway, every other one follows, and one that starts later", async () => {
  const one = await gateway();
  const other = await gateway();
  await one.wishes.add(FAR);
  assert.deepEqual(idsIn(one.pool), ["far"]);
  await until(() => idsIn(other.pool).includes("far"));
  const [driver] = other.pool.drivers;
  assert.deepEqual([driver?.pool, driver?.capacity], ["big", 5]);
  assert.deepEqual(idsIn((await gateway()).pool), ["far"]);

  await assert.rejects(one.wishes.add(FAR), { code: "driver-exists" });

  const [own] = one.pool.drivers;
  assert.ok(own !== undefined);
  assert.equal(await one.wishes.drain(own, 1_000), 0);
  assert.deepEqual(idsIn(one.pool), []);
  await until(() => idsIn(other.pool).length === 0);
  assert.deepEqual(idsIn((await gateway()).pool), []);

  await one.wishes.add(FAR);
  await until(() => idsIn(other.pool).includes("far"));
});

test("a driver that a gateway has started itself is drained there alone", async () => {
  const { pool, wishes } = await gateway();
  const started = { ...driverAt({ host: "127.0.0.1", port: 1 }), ours: true };
  const driver = pool.add({ id: "own" }, started);
  const before = await store.driverWishes();
  await wishes.drain(driver, 1_000);
  assert.deepEqual(await store.driverWishes(), before);
});
