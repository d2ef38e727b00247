/**
 * What the gateway adds to a warm `SELECT 1`: the same client on the same Sail, directly and through the gateway, call
 * by call in turn. `node bench/gateway-latency.ts [--quick]`
 */
import { SparkSession } from "@duet/spark-connect";
import { startGatewayProcess } from "./lib/gateway-process.ts";
import { report } from "./lib/report.ts";

const calls = process.argv.includes("--quick") ? 1_000 : 5_000;
const warmUp = 500;

/** Milliseconds below which this share of the times lies. */
function quantile(times: readonly number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? NaN;
}

await using gateway = await startGatewayProcess();
await using direct = await SparkSession.connect({ url: gateway.driver });
await using through = await SparkSession.connect({ url: gateway.gateway });
const times = { direct: [] as number[], through: [] as number[] };
for (let call = -warmUp; call < calls; call += 1) {
  for (const [name, session] of Object.entries({ direct, through }) as [keyof typeof times, SparkSession][]) {
    const start = performance.now();
    await session.sql("select 1").collect();
    if (call >= 0) times[name].push(performance.now() - start);
  }
}
const added = (share: number) => quantile(times.through, share) - quantile(times.direct, share);
await report(
  "gateway-latency",
  [
    {
      what: "added to a warm `SELECT 1`, p50",
      unit: "ms",
      ours: added(0.5),
      target: { kind: "at-most", value: 0.5 },
    },
    {
      what: "added to a warm `SELECT 1`, p99",
      unit: "ms",
      ours: added(0.99),
      target: { kind: "at-most", value: 2 },
    },
  ],
  [
    `Differences of the quantiles of ${calls.toLocaleString("en-US")} calls each way, in turn; directly p50 ${quantile(times.direct, 0.5).toFixed(2)} ms, p99 ${quantile(times.direct, 0.99).toFixed(2)} ms. Client, gateway and Sail share the machine.`,
  ],
);
