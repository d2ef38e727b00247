/**
 * Three drivers are restarted one after the other, again and again, for two minutes, under 8 stock clients that read and
 * write without a pause. `node bench/gateway-rolling-restart.ts [--quick | --apache]`: Sail and Apache Spark, with
 * `--quick` Sail alone for half a minute, with `--apache` Apache Spark alone.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUSY_CLIENTS } from "@duet/gateway/testing";
import { startPeer } from "./lib/command.ts";
import { startGatewayProcess } from "./lib/gateway-process.ts";
import { python } from "./lib/machine.ts";
import { type Comparison, report } from "./lib/report.ts";

const CLIENTS = 8;

const quick = process.argv.includes("--quick");

/** Milliseconds of work under restarts. */
const DURATION = quick ? 30_000 : 120_000;

/** Milliseconds of work before, without any. */
const UNDISTURBED = 15_000;

const NAMES = { sail: "Sail", apache: "Apache Spark" } as const;

interface Outcome {
  readonly comparisons: readonly Comparison[];
  readonly note: string;
}

async function measure(kind: keyof typeof NAMES): Promise<Outcome> {
  const name = NAMES[kind];
  const folder = await mkdtemp(join(tmpdir(), "duet-bench-"));
  const drivers = ["one", "two", "three"].map((id) => ({ id, kind }));
  await using gateway = await startGatewayProcess({ drivers });
  const work = async (part: string, meanwhile: () => Promise<void>) => {
    const parameters = [BUSY_CLIENTS, gateway.gateway, String(CLIENTS), join(folder, part)];
    await using clients = await startPeer(python, parameters);
    await clients.ask({ do: "begin" });
    await meanwhile();
    return await clients.ask({ do: "end" });
  };
  const before = await work("before", () => new Promise((resolve) => setTimeout(resolve, UNDISTURBED)));
  let restarts = 0;
  const after = await work("after", async () => {
    const end = performance.now() + DURATION;
    do {
      await gateway.restart();
      restarts += drivers.length;
    } while (performance.now() < end);
  });
  await rm(folder, { recursive: true });
  const { failed: other = NaN, unknown = NaN, lost = NaN } = after;
  const failed = other + unknown + lost;
  const none = { kind: "at-most", value: 0 } as const;
  return {
    comparisons: [
      { what: `${name}: failed operations`, unit: "operations", ours: failed, target: none },
      {
        what: `${name}: writes that are not there exactly once`,
        unit: "writes",
        ours: after.miscounted ?? NaN,
        target: none,
      },
      {
        what: `${name}: the longest pause of a client`,
        unit: "s",
        ours: after.longest ?? NaN,
        target: { kind: "at-most", value: 3 },
      },
    ],
    note: `${name}: ${String(restarts)} restarts of a driver, ${String(after.operations)} operations, ${String(after.writes)} of them writes; without restarts the longest pause is ${before.longest?.toFixed(2) ?? ""} s.`,
  };
}

const kinds = (["sail", "apache"] as const).filter(
  (kind) => !process.argv.includes(kind === "sail" ? "--apache" : "--quick"),
);
const outcomes: Outcome[] = [];
for (const kind of kinds) outcomes.push(await measure(kind));
await report(
  "gateway-rolling-restart",
  outcomes.flatMap(({ comparisons }) => comparisons),
  [
    `${String(CLIENTS)} sessions of the stock client in turn count rows of a view, append a row to a folder of parquet, set and read a setting, call a Python function and fetch 50,000 rows, for ${String(DURATION / 1000)} s; a pause is the time between the ends of two operations of one client.`,
    ...outcomes.map(({ note }) => note),
  ],
);
