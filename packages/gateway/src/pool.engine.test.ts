import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { SparkConnectError, SparkSession } from "@duet/spark-connect";
import { driverAt } from "./index.ts";
import { startScriptedDriver } from "./testing/scripted-driver.ts";
import { type StartedGateway, startTestGateway, untilState } from "./testing/started-gateway.ts";
import { driverProcess } from "./testing/test-drivers.ts";

const DRIVERS = ["one", "two", "three"];

/** The process of a driver. */
function processOf(gateway: StartedGateway, id: string): number {
  return driverProcess(gateway.pool.drivers.find((driver) => driver.id === id)?.connection);
}

describe("a pool of three Sail servers", () => {
  let gateway: StartedGateway;
  const open = (url = gateway.url) => SparkSession.connect({ url, retry: { maxRetries: 2 } });
  const driverOf = (session: SparkSession) =>
    gateway.sessions.find(({ sessionId }) => sessionId === session.sessionId)?.driverId ?? "none";
  const loads = () => gateway.pool.drivers.map(({ sessions }) => sessions);

  before(async () => {
    gateway = await startTestGateway({
      patience: 500,
      watch: { interval: 200, timeout: 1_000, failures: 2, pause: 50, stable: 0 },
    });
    for (const id of DRIVERS) gateway.pool.add({ id, capacity: 3 }, await gateway.launcher("sail", id));
    await Promise.all(DRIVERS.map((id) => untilState(gateway, id, "ready")));
  });
  after(async () => {
    await gateway[Symbol.asyncDispose]();
  });

  test("drivers say their version", () => {
    for (const { version } of gateway.pool.drivers) assert.match(version ?? "", /^4\./u);
  });

  test("sessions are spread, each stays on its driver, and its end makes room", async () => {
    const sessions = await Promise.all(Array.from({ length: 6 }, () => open()));
    assert.deepEqual(loads(), [2, 2, 2]);
    for (const [index, session] of sessions.entries()) {
      await session.sql(`select ${index} as mine`).createOrReplaceTempView("v");
    }
    for (const [index, session] of sessions.entries()) {
      const asked = Array.from({ length: 5 }, () => session.table("v").collect());
      for (const rows of await Promise.all(asked)) assert.deepEqual(rows, [{ mine: index }]);
    }
    for (const session of sessions) await session[Symbol.asyncDispose]();
    assert.deepEqual(loads(), [0, 0, 0]);
  });

  test("a full pool lets a session wait for room, and says so when none comes", async () => {
    const sessions = await Promise.all(Array.from({ length: 9 }, () => open()));
    await assert.rejects(
      open(),
      (error) =>
        error instanceof SparkConnectError &&
        /no driver of the pool "default" had room .* one 3 of 3.*\(pool-full\)/u.test(error.message),
    );
    const waiting = open();
    const [first] = sessions;
    assert.ok(first);
    await first[Symbol.asyncDispose]();
    const late = await waiting;
    assert.deepEqual(await late.sql("select 1 as a").collect(), [{ a: 1 }]);
    for (const session of [...sessions.slice(1), late]) await session[Symbol.asyncDispose]();
  });

  test("users with the same session id share nothing", async () => {
    const sessionId = "0b6ff7d2-51dc-4a4c-9a40-5d7c2e9e8f10";
    await using ada = await SparkSession.connect({ url: gateway.url, sessionId, userId: "ada" });
    await using li = await SparkSession.connect({ url: gateway.url, sessionId, userId: "li" });
    await ada.sql("select 1 as secret").createOrReplaceTempView("mine");
    await assert.rejects(li.table("mine").collect(), SparkConnectError);
    assert.deepEqual(await ada.table("mine").collect(), [{ secret: 1 }]);
  });

  test("pools are asked for by name", async () => {
    gateway.pool.add({ id: "big", pool: "big" }, await gateway.launcher("sail", "big"));
    await untilState(gateway, "big", "ready");
    await using session = await open(`${gateway.url}/;x-duet-pool=big`);
    assert.equal(driverOf(session), "big");
    await assert.rejects(
      open(`${gateway.url}/;x-duet-pool=none`),
      /there is no pool "none"; there is "default", "big"/u,
    );
    await session[Symbol.asyncDispose]();
    await gateway.pool.drain("big", 10_000);
    assert.equal(gateway.pool.drivers.length, 3);
  });

  test("a killed driver comes back; its sessions go on elsewhere meanwhile, the others where they are", async () => {
    const sessions = await Promise.all(DRIVERS.map(() => open()));
    const homes = sessions.map(driverOf);
    assert.deepEqual(homes.toSorted(), DRIVERS.toSorted());
    const back = untilState(gateway, "one", "lost").then(() => untilState(gateway, "one", "ready"));
    process.kill(processOf(gateway, "one"), "SIGKILL");
    for (const [index, session] of sessions.entries()) {
      assert.deepEqual(await session.sql("select 1 as a").collect(), [{ a: 1 }]);
      if (homes[index] !== "one") assert.equal(driverOf(session), homes[index]);
    }
    await back;
    assert.equal(
      loads().reduce((sum, load) => sum + load, 0),
      3,
    );
    for (const session of sessions) await session[Symbol.asyncDispose]();
    assert.deepEqual(loads(), [0, 0, 0]);
  });

  test("a driver that hangs is found and replaced", async () => {
    const hung = processOf(gateway, "two");
    const lost = untilState(gateway, "two", "lost");
    process.kill(hung, "SIGSTOP");
    await lost;
    await untilState(gateway, "two", "ready");
    assert.notEqual(processOf(gateway, "two"), hung);
  });

  test("a draining driver takes no new session, finishes what it runs, and stops when its sessions have moved", async () => {
    const sessions = await Promise.all(DRIVERS.map(() => open()));
    const moving = sessions.find((session) => driverOf(session) === "three");
    assert.ok(moving);
    await moving.sql("select 7 as seven").createOrReplaceTempView("v");
    const slow = moving.sql("select sum(a.id * b.id) as s from range(3000) a cross join range(3000) b");
    const running = slow.collect();
    const drained = gateway.pool.drain("three", 60_000);
    const more = await Promise.all([open(), open()]);
    assert.ok(!more.map(driverOf).includes("three"));
    assert.equal((await running).length, 1);
    await drained;
    assert.deepEqual(await moving.table("v").collect(), [{ seven: 7 }]);
    assert.deepEqual(
      gateway.pool.drivers.map(({ id }) => id),
      ["one", "two"],
    );
    for (const session of [...sessions, ...more]) await session[Symbol.asyncDispose]();
    assert.deepEqual(loads(), [0, 0]);
  });
});

test("a driver that is not there is lost and tried again; sessions are told why none is ready", async () => {
  const place = await startScriptedDriver(() => undefined);
  await place[Symbol.asyncDispose]();
  await using gateway = await startTestGateway({
    patience: 100,
    watch: { start: 50, pause: 20, longestPause: 50 },
  });
  gateway.pool.add({ id: "far" }, driverAt(place));
  await untilState(gateway, "far", "lost");
  await assert.rejects(
    SparkSession.connect({ url: gateway.url, retry: { maxRetries: 0 } }),
    /no driver of the pool "default" was ready.*far is (lost: .*ECONNREFUSED|starting).*\(no-driver-ready\)/u,
  );
  await untilState(gateway, "far", "starting");
});

test("sessions of clients that have vanished are ended after a while", async () => {
  await using gateway = await startTestGateway({ longestIdle: 100 });
  gateway.pool.add({ id: "only" }, await gateway.launcher("sail", "only"));
  await untilState(gateway, "only", "ready");
  await SparkSession.connect({ url: gateway.url });
  const ended = Promise.withResolvers<undefined>();
  const listening = gateway.pool.listen(({ driver }) => {
    if (driver.sessions === 0) ended.resolve(undefined);
  });
  assert.equal(gateway.sessions.length, 1);
  await ended.promise;
  listening[Symbol.dispose]();
  assert.equal(gateway.sessions.length, 0);
});
