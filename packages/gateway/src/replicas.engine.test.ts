import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import { SparkSession } from "@duet/spark-connect";
import { SparkConnectService } from "@duet/spark-connect/wire";
import type { GatewayEvent } from "./events.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { frameMessage } from "./grpc/message-reader.ts";
import { StatusCode } from "./grpc/status.ts";
import { openStore } from "./store/open-store.ts";
import type { SessionStore } from "./store/session-store.ts";
import { startLoadBalancer } from "./testing/load-balancer.ts";
import { type PostgresServer, startPostgres } from "./testing/postgres-server.ts";
import { BUSY_CLIENTS, SESSION_CLIENTS, startPythonClients } from "./testing/python-clients.ts";
import { RawClient } from "./testing/raw-client.ts";
import type { ReplicaOptions } from "./testing/replica.ts";
import { untilState } from "./testing/started-gateway.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";
import { driverProcess, testLauncher } from "./testing/test-drivers.ts";

const { executePlan } = SparkConnectService.method;

const REPLICA = fileURLToPath(import.meta.resolve("./testing/replica.ts"));

const DRIVERS = ["one", "two", "three"];

const WATCH = { interval: 200, timeout: 10_000, failures: 2, pause: 50, stable: 0 };

/** A gateway in a process of its own. */
interface Replica extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly port: number;
}

describe("replicas of the gateway that share a PostgreSQL", () => {
  const stack = new AsyncDisposableStack();
  const events: GatewayEvent[] = [];
  let postgres: PostgresServer;
  let store: { readonly type: "postgres"; readonly url: string };
  /** What the replicas have stored. */
  let seen: SessionStore;
  let folder: string;
  /** Owns the drivers, and serves nobody. */
  let owner: Gateway;

  const addresses = () =>
    DRIVERS.map((id) => {
      const { address } = owner.pool.drivers.find((driver) => driver.id === id)?.connection ?? {};
      assert.ok(address);
      return { id, ...address };
    });

  const startReplica = async (): Promise<Replica> => {
    const options: ReplicaOptions = { store, drivers: addresses(), watch: WATCH };
    const child = spawn(process.execPath, [REPLICA, JSON.stringify(options)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    child.once("exit", () => {
      reject(new Error("the replica has ended"));
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (/^\d+$/u.test(line)) resolve(Number(line));
      else events.push(JSON.parse(line) as GatewayEvent);
    });
    return {
      process: child,
      port: await promise,
      [Symbol.asyncDispose]: async () => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = once(child, "exit");
        child.kill("SIGKILL");
        await ended;
      },
    };
  };

  const movesOf = (sessionId: string) =>
    events.filter((event) => event.type === "session-moved" && event.sessionId === sessionId);

  const urlOf = ({ port }: { readonly port: number }) => `sc://127.0.0.1:${port}`;

  before(async () => {
    postgres = stack.use(await startPostgres());
    folder = stack.use(await temporaryFolder()).path;
    owner = stack.use(await startGateway({ watch: WATCH }));
    for (const id of DRIVERS) owner.pool.add({ id }, await testLauncher("sail", folder, id));
    await Promise.all(DRIVERS.map((id) => untilState(owner, id, "ready")));
    store = { type: "postgres", url: await postgres.database() };
    seen = stack.use(await openStore(store));
  });
  after(() => stack.disposeAsync());

  test("any of them serves a session, and knows when another has ended it", async () => {
    await using a = await startReplica();
    await using b = await startReplica();
    const sessionId = randomUUID();
    const atA = await SparkSession.connect({ url: urlOf(a), sessionId });
    const atB = await SparkSession.connect({ url: urlOf(b), sessionId });
    await atA.sql("select 1 as a").createOrReplaceTempView("one");
    await atB.sql("select a + 1 as b from one").createOrReplaceTempView("two");
    await atA.conf.set("spark.duet.at", "a");
    assert.deepEqual(await atA.table("two").collect(), [{ b: 2 }]);
    assert.equal(await atB.conf.get("spark.duet.at"), "a");
    assert.deepEqual(movesOf(sessionId), []);
    await atB[Symbol.asyncDispose]();
    const told = () =>
      SparkSession.connect({ url: urlOf(a), sessionId })
        .then((again) => again.sql("select 1").collect())
        .then(String, String);
    // The news of it takes its way.
    while (!(await told()).includes("SESSION_CLOSED")) await pause(10);
  });

  test("a write that one of them has made is not made again by another", async () => {
    await using a = await startReplica();
    await using b = await startReplica();
    const sessionId = randomUUID();
    const operationId = randomUUID();
    const query = "create table once as select 1 as a";
    const request = create(executePlan.input, {
      ...{ sessionId, operationId, userContext: { userId: "ada" } },
      plan: { opType: { case: "root", value: { relType: { case: "sql", value: { query } } } } },
    });
    const body = frameMessage(Buffer.from(toBinary(executePlan.input, request)));
    const statuses: (number | undefined)[] = [];
    for (const { port } of [a, b, a]) {
      await using client = new RawClient(port);
      const { status } = await client.call("ExecutePlan", body);
      statuses.push(status);
    }
    assert.deepEqual(statuses, [StatusCode.ok, StatusCode.invalidArgument, StatusCode.invalidArgument]);
  });

  test("of a driver that is killed they move each session once, with what came by either of them", async () => {
    await using a = await startReplica();
    await using b = await startReplica();
    const sessions = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const sessionId = randomUUID();
        const atA = await SparkSession.connect({ url: urlOf(a), sessionId });
        const atB = await SparkSession.connect({ url: urlOf(b), sessionId });
        await Promise.all([
          atA.sql(`select ${index} as a`).createOrReplaceTempView("first"),
          atB.sql(`select ${index * 10} as b`).createOrReplaceTempView("second"),
        ]);
        return { sessionId, atA, atB, index };
      }),
    );
    const onOne = (await seen.sessions()).filter(({ place }) => place?.driverId === "one");
    const due = sessions.map(
      ({ sessionId }) => onOne.filter(({ clientId }) => clientId === sessionId).length,
    );
    assert.ok(due.includes(1));
    const back = untilState(owner, "one", "lost").then(() => untilState(owner, "one", "ready"));
    process.kill(driverProcess(owner.pool.drivers.find(({ id }) => id === "one")?.connection), "SIGKILL");
    const answers = sessions.flatMap(({ atA, atB, index }) =>
      [atA, atB].map(async (session) => {
        const rows = await session.sql("select * from first, second").collect();
        assert.deepEqual(rows, [{ a: index, b: index * 10 }]);
      }),
    );
    await Promise.all(answers);
    // Replicas tell of a move after the answer.
    const moves = () => sessions.map(({ sessionId }) => movesOf(sessionId).length);
    while (moves().filter(Boolean).length < due.filter(Boolean).length) await pause(10);
    assert.deepEqual(moves(), due);
    for (const { atA } of sessions) await atA[Symbol.asyncDispose]();
    await back;
  });

  test("of one that is killed, and a driver with it, another goes on with the sessions", async () => {
    const a = await startReplica();
    await using b = await startReplica();
    await using balancer = await startLoadBalancer([a.port, b.port]);
    await using clients = await startPythonClients(SESSION_CLIENTS, urlOf(balancer), "sail");
    await clients.ask({ do: "open", count: 4 });
    a.process.kill("SIGKILL");
    const back = untilState(owner, "two", "lost").then(() => untilState(owner, "two", "ready"));
    const kill = driverProcess(owner.pool.drivers.find(({ id }) => id === "two")?.connection);
    const { goOn } = await clients.ask({ do: "ask", kill, atOnce: 4 });
    assert.equal(goOn, 4, clients.told());
    await clients.ask({ do: "close" });
    await back;
  });

  test("clients that read and write notice nothing while PostgreSQL is restarted, and one of them killed", async () => {
    const a = await startReplica();
    await using b = await startReplica();
    await using balancer = await startLoadBalancer([a.port, b.port]);
    await using clients = await startPythonClients(BUSY_CLIENTS, urlOf(balancer), "4", join(folder, "busy"));
    await clients.ask({ do: "begin" });
    const worked = async () => {
      const before = events.length;
      while (events.length < before + 150) await pause(20);
    };
    await worked();
    await postgres.stop("crash");
    await postgres.start();
    await worked();
    a.process.kill("SIGKILL");
    await worked();
    const { failed, miscounted, writes } = await clients.ask({ do: "end" });
    assert.equal(miscounted, 0, clients.told());
    assert.equal(failed, 0, clients.told());
    assert.ok(writes !== undefined && writes > 0);
  });
});
