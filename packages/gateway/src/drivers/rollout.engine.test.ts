import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { driverProcess, endingDriver, testLauncher } from "../testing/test-drivers.ts";
import type { Driver } from "./driver.ts";
import { driverAt } from "./launcher.ts";
import { DriverPool } from "./pool.ts";
import type { RolloutErrorCode } from "./rollout.ts";
import type { RolloutStep } from "./rollout-step.ts";

/** The steps of a rollout, as `a draining 0`. */
async function stepsOf(rollout: AsyncIterable<RolloutStep>, told: string[] = []): Promise<string[]> {
  for await (const step of rollout) {
    const count = step.type === "draining" ? step.sessions : step.type === "stopped" ? step.sessionsLeft : "";
    told.push(`${step.driverId} ${step.type} ${count}`.trimEnd());
  }
  return told;
}

function fails(code: RolloutErrorCode, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Error && "code" in error, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}

describe("restarting and upgrading drivers", () => {
  let folder: string;
  let pool: DriverPool;
  const ids = () => pool.drivers.map(({ id }) => id);
  const lives = () => pool.drivers.map(({ life }) => life);
  const until = async (condition: () => boolean) => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const check = () => {
      if (condition()) resolve(undefined);
    };
    const listening = pool.listen(check);
    check();
    await promise;
    listening[Symbol.dispose]();
  };
  const sails = async (...names: readonly string[]) => {
    const drivers: Driver[] = [];
    for (const id of names) drivers.push(pool.add({ id }, await testLauncher("sail", folder, id)));
    await until(() => drivers.every(({ state }) => state === "ready"));
    return drivers;
  };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "duet-drivers-"));
    pool = new DriverPool({ pause: 50, stable: 0 });
  });
  afterEach(async () => {
    await pool[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  test("each driver is restarted in turn, and the others are ready meanwhile", async () => {
    await sails("a", "b", "c");
    const before = lives();
    const unready: number[] = [];
    const listening = pool.listen(() => {
      unready.push(3 - pool.drivers.filter(({ state }) => state === "ready").length);
    });
    const steps = await stepsOf(pool.restartRolling());
    listening[Symbol.dispose]();
    assert.deepEqual(
      steps,
      ["a", "b", "c"].flatMap((id) => [
        `${id} draining 0`,
        `${id} stopped 0`,
        `${id} starting`,
        `${id} ready`,
      ]),
    );
    assert.equal(Math.max(...unready), 1);
    assert.deepEqual(ids(), ["a", "b", "c"]);
    assert.equal(new Set([...before, ...lives()]).size, 6);
  });

  test("the only driver of a pool is helped out by a spare one; drivers of others are left alone", async () => {
    const [only] = await sails("only");
    assert.ok(only?.connection);
    pool.add({ id: "far", pool: "elsewhere" }, driverAt(only.connection.address));
    const steps = await stepsOf(pool.restartRolling({ pool: "default" }));
    assert.deepEqual(steps, [
      ...["only.spare starting", "only.spare ready", "only draining 0", "only stopped 0"],
      ...["only starting", "only ready", "only.spare draining 0", "only.spare stopped 0"],
    ]);
    assert.deepEqual(ids().toSorted(), ["far", "only"]);
    assert.deepEqual(await stepsOf(pool.restartRolling({ pool: "elsewhere" })), ["far skipped"]);
    assert.throws(
      () => pool.restartRolling({ pool: "none" }),
      fails("pool-unknown", /there is no pool "none"/u),
    );
  });

  test("a reader who goes leaves the driver that is being restarted whole, and the others as they are", async () => {
    const [, b] = await sails("a", "b");
    const life = b?.life;
    for await (const step of pool.restartRolling()) {
      if (step.type === "stopped") break;
    }
    assert.throws(() => pool.restartRolling(), fails("pool-busy", /already/u));
    await until(() => pool.drivers.some(({ id, state }) => id === "a" && state === "ready"));
    assert.deepEqual(ids().toSorted(), ["a", "b"]);
    assert.equal(b?.life, life);
  });

  test("sessions are moved before a driver is stopped; at the deadline it is stopped all the same", async () => {
    const [a, b] = await sails("a", "b");
    assert.ok(a && b);
    a.sessions = 2;
    b.sessions = 1;
    // Moves what is on a, one session after the other, and cannot move what is on b.
    pool.onDrain = async (driver) => {
      while (driver === a && driver.sessions > 0) {
        await Promise.resolve();
        pool.sessionsCounted(driver, driver.sessions - 1);
      }
    };
    const steps = await stepsOf(pool.restartRolling({ deadline: 200 }));
    assert.deepEqual(
      steps.filter((step) => /draining|stopped/u.test(step)),
      ["a draining 2", "a draining 1", "a draining 0", "a stopped 0", "b draining 1", "b stopped 1"],
    );
  });

  test("a drain that is called off leaves the driver ready", async () => {
    const [a] = await sails("a");
    assert.ok(a);
    a.sessions = 1;
    const off = new AbortController();
    const stopped = Promise.withResolvers<undefined>();
    pool.onDrain = (_, signal) => {
      signal.addEventListener("abort", () => {
        stopped.resolve(undefined);
      });
      off.abort(new Error("changed my mind"));
      return Promise.resolve();
    };
    await assert.rejects(pool.drain("a", 60_000, off.signal), /changed my mind/u);
    await stopped.promise;
    assert.equal(a.state, "ready");
    assert.equal(await a.suspect(), true);
  });

  test("drivers of a new version follow those of the old one", async () => {
    const [a] = await sails("a", "b");
    const version = a?.version ?? "";
    const launcher = async ({ id }: Driver) => testLauncher("sail", folder, `next ${id}`);
    const steps = await stepsOf(pool.upgrade({ launcher, version }));
    assert.deepEqual(steps, [
      ...["a.2 starting", "a.2 ready", "a draining 0", "a stopped 0"],
      ...["b.2 starting", "b.2 ready", "b draining 0", "b stopped 0"],
    ]);
    assert.deepEqual(ids(), ["a.2", "b.2"]);
  });

  test("when a new driver does not start, those that were replaced before come back", async () => {
    await sails("a", "b");
    const launcher = async ({ id }: Driver) =>
      id === "a" ? testLauncher("sail", folder, `next ${id}`) : endingDriver();
    const steps: string[] = [];
    await assert.rejects(
      stepsOf(pool.upgrade({ launcher }), steps),
      fails(
        "upgrade-failed",
        /the upgrade of b failed: the driver b\.2 did not start: its process has ended/u,
      ),
    );
    assert.deepEqual(steps, [
      ...["a.2 starting", "a.2 ready", "a draining 0", "a stopped 0", "b.2 starting", "b.2 stopped 0"],
      ...["a starting", "a ready", "a rolled-back", "a.2 draining 0", "a.2 stopped 0"],
    ]);
    assert.deepEqual(ids(), ["b", "a"]);
    assert.ok(pool.drivers.every(({ state }) => state === "ready"));
  });

  test("a new driver of another version than the one that was asked for is not taken", async () => {
    const [a] = await sails("a");
    const life = a?.life;
    const launcher = () => testLauncher("sail", folder, "next");
    await assert.rejects(
      stepsOf(pool.upgrade({ launcher, version: "9.9.9" })),
      fails("upgrade-failed", /a\.2 is Spark 4\..*, and 9\.9\.9 was asked for/u),
    );
    assert.deepEqual(ids(), ["a"]);
    assert.equal(a?.life, life);
  });

  test("an upgrade is called off when the new driver dies while sessions move", async () => {
    const [a] = await sails("a");
    assert.ok(a);
    a.sessions = 1;
    pool.onDrain = () => {
      const next = pool.drivers.find(({ id }) => id === "a.2");
      if (next?.state === "ready") process.kill(driverProcess(next.connection), "SIGKILL");
      return Promise.resolve();
    };
    const launcher = () => testLauncher("sail", folder, "next");
    await assert.rejects(
      stepsOf(pool.upgrade({ launcher })),
      fails("upgrade-failed", /the driver a\.2 was lost: its process has ended \(SIGKILL\)/u),
    );
    assert.deepEqual(ids(), ["a"]);
    assert.equal(a.state, "ready");
    assert.equal(a.sessions, 1);
  });
});
