import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { SparkSession } from "@duet/spark-connect";
import { driverAt } from "../drivers/launcher.ts";
import type { GatewayEvent } from "../events.ts";
import { type Gateway, startGateway } from "../gateway.ts";
import { type PythonClients, SESSION_CLIENTS, startPythonClients } from "../testing/python-clients.ts";
import { untilState } from "../testing/started-gateway.ts";
import { driverProcess, testLauncher } from "../testing/test-drivers.ts";

const SESSIONS = 6;

/** What a gateway is watched and asked with; a lost driver is found quickly. */
const OPTIONS = {
  watch: { interval: 200, timeout: 1_000, failures: 2, pause: 50, stable: 0 },
} as const;

describe("sessions of the stock client on Sail, with settings, views and Python functions", () => {
  let folder: string;
  /** Owns the drivers, so that they stay when the gateway that serves the clients goes. */
  let owner: Gateway;
  let gateway: Gateway;
  let clients: PythonClients;
  const events: GatewayEvent[] = [];
  const store = () => ({ type: "sqlite" as const, file: join(folder, "gateway.sqlite") });
  const start = async (port = 0) => {
    gateway = await startGateway({ ...OPTIONS, store: store(), port });
    gateway.events.listen((event) => events.push(event));
    for (const id of ["one", "two", "three"]) await add(id);
  };
  const add = async (id: string) => {
    const address = owner.pool.drivers.find((driver) => driver.id === id)?.connection?.address;
    assert.ok(address, `the driver ${id} has been started`);
    gateway.pool.add({ id }, driverAt(address));
    await untilState(gateway, id, "ready");
  };
  const launch = async (id: string) => {
    owner.pool.add({ id }, await testLauncher("sail", folder, id));
    await untilState(owner, id, "ready");
  };
  const ask = async (kill = 0) => {
    const { goOn } = await clients.ask({ do: "ask", kill, atOnce: SESSIONS });
    assert.equal(goOn, SESSIONS, clients.told());
  };
  const loads = () => gateway.pool.drivers.map(({ sessions }) => sessions);
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const moved = () => events.filter(({ type }) => type === "session-moved").length;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "duet-sessions-"));
    owner = await startGateway(OPTIONS);
    await Promise.all(["one", "two", "three"].map(launch));
    await start();
    clients = await startPythonClients(SESSION_CLIENTS, gateway.url, "sail");
    await clients.ask({ do: "open", count: SESSIONS });
    assert.deepEqual(loads(), [2, 2, 2]);
  });
  after(async () => {
    await clients[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
    await owner[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test("go on with all that they have when their driver drains", async () => {
    const [one] = gateway.pool.drivers;
    await gateway.pool.drain("one", 60_000);
    assert.equal(one?.state, "stopped");
    assert.deepEqual(loads(), [3, 3]);
    await ask();
    assert.equal(moved(), 2);
    await add("one");
  });

  test("go on when their driver is killed", async () => {
    const two = gateway.pool.drivers.find(({ id }) => id === "two");
    const before = moved();
    await ask(driverProcess(two?.connection));
    assert.equal(moved() - before, 3);
    assert.equal(sum(loads()), SESSIONS);
    await gateway.pool.drain("two", 0);
    await untilState(owner, "two", "ready");
    await add("two");
  });

  test("go on when their driver hangs", async () => {
    const busiest = gateway.pool.drivers.toSorted((a, b) => b.sessions - a.sessions)[0];
    assert.ok(busiest && busiest.sessions > 0);
    const restarted = untilState(owner, busiest.id, "lost").then(() =>
      untilState(owner, busiest.id, "ready"),
    );
    process.kill(driverProcess(busiest.connection), "SIGSTOP");
    await ask();
    await restarted;
    await gateway.pool.drain(busiest.id, 0);
    await add(busiest.id);
    assert.equal(sum(loads()), SESSIONS);
  });

  test("go on at a gateway that was started anew: on their drivers, or elsewhere where these have gone", async () => {
    const port = Number(new URL(gateway.url.replace("sc:", "http:")).port);
    const before = loads();
    await gateway[Symbol.asyncDispose]();
    await start(port);
    assert.deepEqual(loads().toSorted(), before.toSorted());
    const unmoved = moved();
    await ask();
    assert.equal(moved(), unmoved);

    await gateway[Symbol.asyncDispose]();
    const ready = untilState(owner, "three", "lost").then(() => untilState(owner, "three", "ready"));
    process.kill(driverProcess(owner.pool.drivers.find(({ id }) => id === "three")?.connection), "SIGKILL");
    await ready;
    await start(port);
    await ask();
    assert.equal(sum(loads()), SESSIONS);
  });

  test("whose clients end them leave nothing", async () => {
    await clients.ask({ do: "close" });
    assert.equal(sum(loads()), 0);
    assert.deepEqual(gateway.sessions, []);
    assert.deepEqual(await gateway.store.sessions(), []);
  });

  test("are lost, and say why, when their driver stops and has a table that no other can find", async () => {
    await using session = await SparkSession.connect({ url: gateway.url });
    await session.sql("create table mine as select 1 as a").collect();
    const home = gateway.sessions[0]?.driverId;
    assert.ok(home);
    await gateway.pool.drain(home, 500);
    await assert.rejects(session.sql("select * from mine").collect(), {
      name: "SessionExpiredError",
      message: /could not be moved: its table default\.mine lies at .*, which other drivers do not find/u,
    });
  });

  test("have the tables of Sail's own catalogue elsewhere too, where the gateway knows its folder", async () => {
    await using session = await SparkSession.connect({ url: owner.url });
    await session.sql("create table kept as select id from range(4)").collect();
    const home = owner.sessions[0]?.driverId;
    assert.ok(home);
    await owner.pool.drain(home, 60_000);
    assert.deepEqual(await session.sql("select count(*) as n from kept").collect(), [{ n: 4n }]);
    assert.notEqual(owner.sessions[0]?.driverId, home);
  });
});
