import assert from "node:assert/strict";
import { mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Driver } from "../drivers/driver.ts";
import { type GatewayEvent, GatewayEvents } from "../events.ts";
import { LineFile } from "./line-file.ts";
import { Observation, type ObservationOptions } from "./observation.ts";

const folder = await mkdtemp(join(tmpdir(), "duet-observe-"));
after(() => rm(folder, { recursive: true }));

const OPERATION: GatewayEvent = {
  ...{ type: "operation-ended", requestId: "r-1", userId: "anna", sessionId: "s-1", operationId: "o-1" },
  ...{ driverId: "a", kind: "write", statement: "insert into t values ('secret')", digest: "ab12" },
  ...{ rows: 3, bytes: 120, duration: 12.3456789, outcome: "succeeded", attempts: 1 },
};

const CALL: GatewayEvent = {
  ...{ type: "call-ended", requestId: "r-1", method: "ExecutePlan", userId: "anna", sessionId: "s-1" },
  ...{ driverId: "a", status: 0, code: undefined, requestBytes: 10, responseBytes: 20, duration: 2 },
};

/** Observes some events in files of their own; gives what the files and the metrics say. */
async function observed(
  name: string,
  events: readonly GatewayEvent[],
  options: { readonly level?: "debug" | "info"; readonly statements?: "text" | "digest" } = {},
): Promise<{ log: Record<string, unknown>[]; audit: Record<string, unknown>[]; metrics: string }> {
  const { level = "info", statements = "text" } = options;
  const log = join(folder, `${name}.log`);
  const audit = join(folder, `${name}.jsonl`);
  const gateway = new GatewayEvents();
  const drivers = [new Driver({ id: "a", pool: "big", capacity: 7 }, () => undefined)];
  let metrics: string;
  {
    const observing: ObservationOptions = { log: { target: log, level }, audit: { file: audit, statements } };
    await using observation = await Observation.open(observing);
    const registry = observation.attach({ events: gateway, drivers: () => drivers });
    for (const event of events) gateway.emit(event);
    metrics = await registry.text();
  }
  return { log: await lines(log), audit: await lines(audit), metrics };
}

async function lines(file: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(file, "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("the audit trail has a line for each operation, and only for operations", async () => {
  const { audit } = await observed("audit", [OPERATION, CALL]);
  const [{ time, ...line } = {}, ...others] = audit;
  assert.ok(!Number.isNaN(Date.parse(String(time))));
  assert.deepEqual(line, {
    ...{ user: "anna", session: "s-1", operation: "o-1", request: "r-1", driver: "a", kind: "write" },
    ...{ sql: "insert into t values ('secret')", digest: "ab12", rows: 3, bytes: 120, duration: 12.346 },
    ...{ outcome: "succeeded", attempts: 1 },
  });
  assert.deepEqual(others, []);
});

test("statements stay out of the audit trail where it is told so, and out of the log always", async () => {
  const events = [OPERATION, { ...OPERATION, outcome: "unknown" } as const];
  const { audit, log } = await observed("digest", events, { statements: "digest", level: "debug" });
  assert.equal(audit.length, 2);
  assert.equal(log.length, 2);
  assert.doesNotMatch(JSON.stringify([audit, log]), /secret/u);
  assert.deepEqual(
    log.map(({ level, requestId }) => [level, requestId]),
    [
      ["debug", "r-1"],
      ["warn", "r-1"],
    ],
  );
});

test("calls are logged for who debugs; what the gateway itself refuses is a warning", async () => {
  const refused = { ...CALL, status: 16, code: "unauthenticated" } as const;
  assert.deepEqual((await observed("calls", [CALL])).log, []);
  const { log } = await observed("refused", [CALL, refused]);
  assert.deepEqual(
    log.map(({ level, code, msg }) => [level, code, msg]),
    [["warn", "unauthenticated", "ExecutePlan: unauthenticated"]],
  );
});

test("metrics count what happened and tell how drivers are, without a user's or a session's name", async () => {
  const moved: GatewayEvent = {
    ...{ type: "session-moved", userId: "anna", sessionId: "s-1", from: "a", to: "b", because: "drain" },
    ...{ replayed: 4, duration: 20 },
  };
  const lost: GatewayEvent = {
    ...{ type: "driver-changed", driverId: "a", before: "ready", state: "lost", reason: "killed" },
  };
  const { metrics } = await observed("metrics", [
    CALL,
    OPERATION,
    { ...OPERATION, attempts: 2 },
    moved,
    lost,
  ]);
  for (const line of [
    'duet_gateway_calls_total{method="ExecutePlan",status="0",code=""} 1',
    'duet_gateway_bytes_total{direction="response"} 20',
    'duet_gateway_operations_total{driver="a",kind="write",outcome="succeeded"} 2',
    "duet_gateway_operations_repeated_total 1",
    'duet_gateway_rows_total{driver="a"} 6',
    'duet_gateway_session_move_seconds_count{because="drain"} 1',
    'duet_gateway_driver_changes_total{driver="a",state="lost"} 1',
    'duet_gateway_driver_state{driver="a",pool="big",state="starting"} 1',
    'duet_gateway_driver_state{driver="a",pool="big",state="ready"} 0',
    'duet_gateway_driver_capacity{driver="a",pool="big"} 7',
    "duet_gateway_lines_lost 0",
  ])
    assert.ok(metrics.split("\n").includes(line), `${line}\nis not in\n${metrics}`);
  assert.match(metrics, /^process_resident_memory_bytes \d+/mu);
  assert.doesNotMatch(metrics, /anna|s-1/u);
});

test("a log that was renamed goes on in a new file, readable by its owner alone", async () => {
  const file = join(folder, "rotated.log");
  const events = new GatewayEvents();
  {
    const audit = { file: join(folder, "rotated.jsonl"), statements: "text" } as const;
    await using observation = await Observation.open({ log: { target: file, level: "info" }, audit });
    observation.attach({ events, drivers: () => [] });
    observation.log.info("before");
    await until(async () => (await stat(file)).size > 0);
    await rename(file, `${file}.1`);
    observation.reopen();
    await until(() => isThere(file));
    observation.log.info("after");
  }
  assert.deepEqual(
    (await lines(`${file}.1`)).map(({ msg }) => msg),
    ["before"],
  );
  assert.deepEqual(
    (await lines(file)).map(({ msg }) => msg),
    ["after"],
  );
  assert.equal((await stat(file)).mode & 0o777, 0o600);
});

test("a full disk is told once, costs lines and nothing else", async () => {
  const troubles: Error[] = [];
  const file = await LineFile.open("/dev/full", (error) => troubles.push(error));
  const line = `${"x".repeat(1_000_000)}\n`;
  for (let count = 0; count < 40; count += 1) file.write(line);
  await until(() => Promise.resolve(troubles.length > 0));
  file.write(line);
  await file[Symbol.asyncDispose]();
  assert.equal(troubles.length, 1);
  assert.match(troubles[0]?.message ?? "", /ENOSPC/u);
  assert.ok(file.lost > 0, "what finds no room in memory is counted");
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(setImmediate);
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
