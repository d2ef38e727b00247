import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startFreezingProxy } from "../testing/freezing-proxy.ts";
import { driverProcess, testLauncher } from "../testing/test-drivers.ts";
import type { Driver } from "./driver.ts";
import type { DriverState } from "./driver-state.ts";
import { driverAt } from "./launcher.ts";
import { DriverPool } from "./pool.ts";

/** Checks so rare and so patient that nothing is found by them which must be found at once. */
const SELDOM = { interval: 600_000, timeout: 600_000, pause: 50, stable: 0 };

/** Checks that soon find what hangs. */
const OFTEN = { interval: 100, timeout: 300, failures: 3, pause: 50, stable: 0 };

function driver(pool: DriverPool, id: string): Driver {
  const found = pool.drivers.find((one) => one.id === id);
  assert.ok(found, `there is no driver ${id}`);
  return found;
}

async function until(pool: DriverPool, id: string, state: DriverState): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const check = () => {
    if (pool.drivers.find((one) => one.id === id)?.state === state) resolve(undefined);
  };
  const listening = pool.listen(check);
  check();
  await promise;
  listening[Symbol.dispose]();
}

/** Resolves when all threads of a process stand still: the signal takes a moment to reach them. */
async function untilStopped(pid: number): Promise<void> {
  for (;;) {
    const threads = await readdir(`/proc/${pid}/task`);
    const states = threads.map((id) => readFile(`/proc/${pid}/task/${id}/status`, "utf8"));
    if ((await Promise.all(states)).every((text) => /^State:\s+T/mu.test(text))) return;
    await sleep(5);
  }
}

describe("how drivers are watched", () => {
  let folder: string;
  /** Has the processes; the pools of the tests reach them by their addresses. */
  let owner: DriverPool;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "duet-drivers-"));
    owner = new DriverPool(SELDOM);
    owner.add({ id: "sail" }, await testLauncher("sail", folder, "sail"));
    await until(owner, "sail", "ready");
  });
  after(async () => {
    await owner[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  const address = () => {
    const { connection } = driver(owner, "sail");
    assert.ok(connection);
    return connection.address;
  };

  test("every gateway sees the same life of a driver, and another one after its restart", async () => {
    const { life, catalog, version } = driver(owner, "sail");
    assert.ok(life);
    assert.equal(catalog, "session");
    assert.match(version ?? "", /^4\./u);
    await using other = new DriverPool(SELDOM);
    other.add({ id: "same" }, driverAt(address()));
    await until(other, "same", "ready");
    assert.equal(driver(other, "same").life, life);
    process.kill(driverProcess(driver(owner, "sail").connection), "SIGKILL");
    await until(owner, "sail", "lost");
    assert.equal(driver(owner, "sail").life, undefined);
    await until(owner, "sail", "ready");
    assert.notEqual(driver(owner, "sail").life, life);
  });

  test("a driver elsewhere that is killed is lost at once: its connection breaks and its port refuses", async () => {
    await using pool = new DriverPool(SELDOM);
    pool.add({ id: "far" }, driverAt(address()));
    await until(pool, "far", "ready");
    const back = until(owner, "sail", "lost").then(() => until(owner, "sail", "ready"));
    process.kill(driverProcess(driver(owner, "sail").connection), "SIGKILL");
    await until(pool, "far", "lost");
    assert.match(driver(pool, "far").lostBecause ?? "", /ECONNREFUSED/u);
    await back;
  });

  test("a driver that is doubted and lives stays as it is", async () => {
    const { life } = driver(owner, "sail");
    const states: DriverState[] = [];
    const listening = owner.listen(({ driver: { state } }) => states.push(state));
    const answers = await Promise.all([driver(owner, "sail").suspect(), driver(owner, "sail").suspect()]);
    listening[Symbol.dispose]();
    assert.deepEqual(answers, [true, true]);
    assert.equal(driver(owner, "sail").life, life);
    assert.deepEqual(states, []);
  });

  test("a driver that hangs is lost, and is the same one when it goes on", async () => {
    await using pool = new DriverPool(OFTEN);
    pool.add({ id: "far" }, driverAt(address()));
    await until(pool, "far", "ready");
    const { life } = driver(pool, "far");
    const process_ = driverProcess(driver(owner, "sail").connection);
    process.kill(process_, "SIGSTOP");
    try {
      await untilStopped(process_);
      assert.equal(await driver(pool, "far").suspect(), false);
      assert.match(driver(pool, "far").lostBecause ?? "", /has not answered/u);
    } finally {
      process.kill(process_, "SIGCONT");
    }
    await until(pool, "far", "ready");
    assert.equal(driver(pool, "far").life, life);
  });

  test("a half-open connection is broken off, and the driver stays what it was", async () => {
    await using proxy = await startFreezingProxy(address());
    await using pool = new DriverPool({ ...OFTEN, interval: 600_000 });
    const far = pool.add({ id: "far" }, driverAt(proxy.address));
    await until(pool, "far", "ready");
    const { life, connection } = far;
    const call = await connection?.request({ ":method": "POST", ":path": "/none" });
    const closed = new Promise((resolve) => call?.once("close", resolve));
    call?.on("error", () => undefined);
    proxy.freeze();
    assert.equal(await far.suspect(), true);
    await closed;
    assert.equal(far.state, "ready");
    assert.equal(far.connection, connection);
    assert.equal(far.life, life);
    assert.equal(await far.suspect(), true);
  });
});
