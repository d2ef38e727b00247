import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import type { PoolReport } from "@duet/gateway/admin";
import { SparkSession } from "@duet/spark-connect";
import { freePort } from "../embedded/free-port.ts";
import { environmentPython } from "../embedded/installation.ts";
import { startSail } from "../embedded/sail.ts";
import {
  type DuetResult,
  duetProgram,
  type RunningDuet,
  survivors,
  TestHome,
} from "./duet-process.fixture.ts";
import { COLUMNS, runInTerminal } from "./terminal-run.fixture.ts";

const home = await TestHome.make();
const running = new Set<RunningDuet>();
after(async () => {
  for (const duet of running) duet.kill("SIGKILL");
  await home[Symbol.asyncDispose]();
});

/** What the stock client is asked to do. */
const CLIENT = `
import sys
from pyspark.sql import SparkSession

session = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
print(session.sql("select 40 + 2").collect()[0][0])
`;

interface Started {
  readonly url: string;
  readonly admin: string;
}

/** Starts `duet gateway` on free ports; gives it when it listens. */
async function startGateway(port?: string): Promise<{ duet: RunningDuet } & Started> {
  const [listen, admin] = [`127.0.0.1:${port ?? (await freePort())}`, `127.0.0.1:${await freePort()}`];
  const duet = home.start(["gateway", "--json", "--listen", listen, "--admin", admin]);
  running.add(duet);
  await duet.until('"admin"');
  return { duet, url: `sc://${listen}`, admin: `http://${admin}` };
}

async function report(): Promise<PoolReport> {
  const result = await home.run(["drivers", "ls", "--json"]);
  assert.equal(result.code, 0, result.stderr);
  return JSON.parse(result.stdout) as PoolReport;
}

/** Waits until the drivers are as they should be; gives them. */
async function until(condition: (drivers: PoolReport["drivers"]) => boolean): Promise<PoolReport["drivers"]> {
  for (;;) {
    const { drivers } = await report();
    if (condition(drivers)) return drivers;
  }
}

const allReady = (drivers: PoolReport["drivers"]): boolean =>
  drivers.length > 0 && drivers.every(({ state }) => state === "ready");

test("without a gateway, duet drivers says how to get one", async () => {
  const result = await home.run(["drivers", "ls"]);
  assert.equal(result.code, 3);
  assert.match(result.stderr, /error\[gateway-unreachable\]: no gateway runs here[\s\S]*duet gateway/u);
});

test("mistakes in the command line are told before anything starts", async () => {
  const cases: readonly (readonly [parameters: readonly string[], message: RegExp])[] = [
    [["gateway", "--listen", "15002"], /--listen 15002 is not an address like/u],
    [["gateway", "--listen", "0.0.0.0:15002"], /error\[configuration-invalid\][\s\S]*add \[gateway\.tls\]/u],
    [["gateway", "--spark", "flink"], /neither sail nor apache/u],
    [["drivers", "restart"], /--rolling/u],
    [["drivers", "drain", "a", "--deadline", "soon"], /--deadline soon is not a duration/u],
    [["drivers", "ls", "--admin", "nowhere"], /--admin nowhere is no address/u],
    [["drivers", "ls", "--admin", "http://127.0.0.1:1"], /asks for a token[\s\S]*DUET_ADMIN_TOKEN/u],
  ];
  for (const [parameters, message] of cases) {
    const result = await home.run(parameters);
    assert.equal(result.code, 2, result.stderr);
    assert.match(result.stderr, message);
  }
});

test("a gateway that runs", async (context) => {
  const gateway = await startGateway();
  await until(allReady);

  await context.test("stock clients and our own work through it without a configuration", async () => {
    const file = join(home.path, "answer.py");
    await writeFile(file, CLIENT);
    const run = promisify(execFile)(environmentPython(".venv"), [file, gateway.url]);
    assert.equal((await run).stdout.trim(), "42");
  });

  await context.test("ls is a table, and says what there is as JSON", async () => {
    const { stdout, code } = await home.run(["drivers", "ls"]);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^DRIVER +STATE +VERSION +POOL +SESSIONS +OPERATIONS +WHY\nsail-1 +ready .*\nsail-2 +ready /u,
    );
    for (const line of stdout.split("\n")) assert.ok(line.length <= 100);
    const { url, drivers } = await report();
    assert.equal(url, gateway.url);
    assert.deepEqual(
      drivers.map(({ id, capacity }) => [id, capacity]),
      [
        ["sail-1", 100],
        ["sail-2", 100],
      ],
    );
  });

  await context.test("ls --watch redraws its table on a terminal, until Ctrl-C", async () => {
    const command = [process.execPath, duetProgram, "drivers", "ls", "--watch"];
    const { code, terminal } = await runInTerminal(home.path, command, [["Ctrl-C ends", "\u0003"]]);
    assert.equal(code, 0);
    const titles = terminal.lines.filter((line) => line.startsWith("DRIVER"));
    assert.equal(titles.length, 1, terminal.lines.join("\n"));
    for (const line of terminal.lines) assert.ok(line.length <= COLUMNS, line);
  });

  await context.test("Prometheus and a load balancer find what they ask for", async () => {
    assert.equal((await fetch(`${gateway.admin}/healthz`)).status, 200);
    assert.equal((await fetch(`${gateway.admin}/readyz`)).status, 200);
    const metrics = await (await fetch(`${gateway.admin}/metrics`)).text();
    assert.match(metrics, /^duet_gateway_driver_state\{driver="sail-1",pool="default",state="ready"\} 1$/mu);
    assert.match(metrics, /^duet_gateway_sessions_opened_total [1-9]/mu);
    assert.equal((await fetch(`${gateway.admin}/drivers`)).status, 401);
  });

  await context.test(
    "a rolling restart loses no session, and the audit trail knows each operation",
    async () => {
      await using session = await SparkSession.connect({ url: gateway.url });
      await session.sql("create or replace temporary view kept as select 7 as seven").collect();
      const restart = await home.run(["drivers", "restart", "--rolling"]);
      assert.equal(restart.code, 0, restart.stderr);
      assert.match(
        restart.stdout,
        /sail-1 {2}draining[\s\S]*sail-1 {2}ready after[\s\S]*sail-2 {2}ready after/u,
      );
      assert.deepEqual(await session.table("kept").collect(), [{ seven: 7 }]);
      const audit = await readFile(join(home.path, "gateway", "audit.jsonl"), "utf8");
      const lines = audit.trim().split("\n");
      const statements = lines.map((line) => (JSON.parse(line) as { readonly sql?: string }).sql);
      assert.ok(statements.includes("create or replace temporary view kept as select 7 as seven"), audit);
      const metrics = await (await fetch(`${gateway.admin}/metrics`)).text();
      assert.match(metrics, /^duet_gateway_session_move_seconds_count\{because="drain"\} [1-9]/mu);
    },
  );

  await context.test(
    "a driver from elsewhere is added, takes sessions of its pool, and is drained",
    async () => {
      await using sail = await startSail({
        ...{ home: home.path, directory: home.path, lifetime: "parent", signal: AbortSignal.timeout(60_000) },
      });
      const address = new URL(sail.url).host;
      const watching = home.start(["drivers", "ls", "--watch", "--json"]);
      const add = [
        "drivers",
        "add",
        address,
        "--id",
        "far",
        "--pool",
        "big",
        "--capacity",
        "5",
        "--label",
        "x",
      ];
      assert.equal((await home.run(add)).code, 0);
      const drivers = await until((all) => all.some(({ id, state }) => id === "far" && state === "ready"));
      assert.deepEqual(drivers.at(-1), {
        ...{ id: "far", state: "ready", version: "x", pool: "big", sessions: 0, capacity: 5 },
        ...{ operations: 0, because: [] },
      });
      const again = await home.run(add);
      assert.equal(again.code, 1);
      assert.match(again.stderr, /error\[driver-exists\]/u);
      {
        await using session = await SparkSession.connect({ url: `${gateway.url}/;x-duet-pool=big` });
        assert.equal((await session.sql("select 1 as one").collect()).length, 1);
        assert.equal((await until(() => true)).at(-1)?.sessions, 1);
      }
      const drain = await home.run(["drivers", "drain", "far", "--deadline", "5s"]);
      assert.equal(drain.code, 0, drain.stderr);
      assert.match(drain.stdout, /far {2}stopped/u);
      assert.deepEqual(
        (await report()).drivers.map(({ id }) => id),
        ["sail-1", "sail-2"],
      );
      await watching.until('"id":"far"');
      watching.kill("SIGINT");
      assert.equal((await watching.result).code, 0);
    },
  );

  await context.test("what cannot be done is told with what there is", async () => {
    const unknown = await home.run(["drivers", "drain", "nowhere"]);
    assert.equal(unknown.code, 1);
    assert.match(
      unknown.stderr,
      /error\[driver-unknown\]: there is no driver nowhere; there is sail-1, sail-2/u,
    );
    const pool = await home.run(["drivers", "restart", "--rolling", "--pool", "small"]);
    assert.equal(pool.code, 1);
    assert.match(pool.stderr, /error\[pool-unknown\]/u);
    const upgrade = await home.run(["drivers", "upgrade", "--spark", "4.3.0"]);
    assert.equal(upgrade.code, 1);
    assert.match(upgrade.stderr, /error\[upgrade-failed\].*sail-1 is no Apache Spark/u);
    assert.ok(allReady((await report()).drivers), "all is as before");
  });

  await context.test("a second gateway on the same ports or store is refused, with what to do", async () => {
    const { host } = new URL(gateway.admin);
    const same = await home.run(["gateway", "--listen", new URL(gateway.url).host, "--admin", host]);
    assert.equal(same.code, 3);
    assert.match(same.stderr, /error\[store-unavailable\]: .*in use by another gateway/u);
    await using other = await TestHome.make();
    const port = await other.run(["gateway", "--listen", new URL(gateway.url).host]);
    assert.equal(port.code, 3);
    assert.match(port.stderr, /error\[port-taken\]: 127\.0\.0\.1:\d+ is taken[\s\S]*--listen/u);
  });

  await context.test("SIGTERM ends it and all that it has started, with exit code 0", async () => {
    const tree = await gateway.duet.tree();
    assert.ok(tree.length >= 3, "the gateway and its drivers");
    gateway.duet.kill("SIGTERM");
    const result: DuetResult = await gateway.duet.result;
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual(await survivors(tree), []);
    for (const line of result.stderr.trim().split("\n")) assert.ok(JSON.parse(line), "the log is JSON lines");
    assert.equal((await home.run(["drivers", "ls"])).code, 3);
  });
});

test("a configuration's users, limits, pools and files are what the gateway goes by", async () => {
  const [listen, admin] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const token = "the-token-of-anna";
  const sha256 = createHash("sha256").update(token).digest("hex");
  await writeFile(join(home.path, "tokens.toml"), `[[token]]\nuser = "anna"\nsha256 = "${sha256}"\n`);
  const file = join(home.path, "gateway.toml");
  await writeFile(
    file,
    `[gateway]
listen = "${listen}"
[gateway.admin]
listen = "${admin}"
token-env = "ADMIN_TOKEN"
[gateway.authentication]
tokens = "tokens.toml"
[gateway.limits]
sessions = 1
[gateway.store]
type = "memory"
[gateway.audit]
file = "who.jsonl"
statements = "digest"
[gateway.log]
file = "gateway.log"
level = "debug"
[gateway.drivers.small]
kind = "sail"
pool = "small"
capacity = 3
`,
  );
  const duet = home.start(["gateway", "--json", "--config", file], { ADMIN_TOKEN: "admin-secret" });
  running.add(duet);
  await duet.until('"admin"');
  const drivers = ["drivers", "ls", "--json", "--admin", `http://${admin}`];
  const { stdout } = await home.run(drivers, { DUET_ADMIN_TOKEN: "admin-secret" });
  const [driver] = (JSON.parse(stdout) as PoolReport).drivers;
  assert.deepEqual([driver?.id, driver?.pool, driver?.capacity], ["small", "small", 3]);
  const stranger = await home.run(drivers, { DUET_ADMIN_TOKEN: "guessed" });
  assert.equal(stranger.code, 1);
  assert.match(stranger.stderr, /error\[admin-refused\]/u);

  const url = `sc://${listen}/;x-duet-pool=small`;
  await assert.rejects(SparkSession.connect({ url }), /asks for a token/u);
  {
    await using session = await SparkSession.connect({ url: `${url};token=${token}` });
    assert.deepEqual(await session.sql("select 'private' as word").collect(), [{ word: "private" }]);
    await assert.rejects(SparkSession.connect({ url: `${url};token=${token}` }), /too-many-sessions/u);
  }
  duet.kill("SIGTERM");
  assert.equal((await duet.result).code, 0);
  const [audit, log] = await Promise.all(
    ["who.jsonl", "gateway.log"].map((name) => readFile(join(home.path, name), "utf8")),
  );
  assert.match(audit ?? "", /"user":"anna".*"outcome":"succeeded"/u);
  assert.match(log ?? "", /"code":"too-many-sessions"/u);
  assert.doesNotMatch(`${audit}${log}`, /private|the-token|admin-secret/u);
});

test("on a terminal it says what runs where and what comes next, then what happens, until Ctrl-C", async () => {
  const [listen, admin] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const command = [process.execPath, duetProgram, "gateway", "--listen", listen, "--admin", admin];
  const replies = [["driver sail-2 is ready", "\u0003"]] as const;
  const { code, terminal } = await runInTerminal(home.path, command, replies);
  assert.equal(code, 0);
  const text = terminal.lines.join("\n");
  for (const expected of [
    `clients   sc://${listen}  (this machine only, no authentication)`,
    `admin     http://${admin}  (/metrics /healthz /readyz)`,
    "drivers   2 × Sail; 200 sessions at once",
    `next      SparkSession.builder.remote("sc://${listen}").getOrCreate()`,
    "duet drivers ls --watch",
    "driver sail-2 is ready",
    "interrupted: ending …",
  ])
    assert.ok(text.includes(expected), `${expected}\nis not in\n${text}`);
});

test("sessions go on when the gateway was killed and started again, and nothing of it is left meanwhile", async () => {
  const first = await startGateway();
  const tree = await first.duet.tree();
  await using session = await SparkSession.connect({ url: first.url });
  await session.sql("create or replace temporary view kept as select 7 as seven").collect();
  first.duet.kill("SIGKILL");
  assert.deepEqual(await survivors(tree), []);
  const second = await startGateway(new URL(first.url).port);
  assert.deepEqual(await session.table("kept").collect(), [{ seven: 7 }]);
  second.duet.kill("SIGINT");
  assert.equal((await second.duet.result).code, 0);
});
