/**
 * What the gateway adds to a warm `SELECT 1`: the same client on the same driver, directly and through the gateway, call
 * by call in turn, on Sail and on Apache Spark. `node bench/gateway-latency.ts [--quick]`
 */
import { SparkSession } from "@duet/spark-connect";
import { startGatewayProcess } from "./lib/gateway-process.ts";
import { report } from "./lib/report.ts";

const quick = process.argv.includes("--quick");

interface Times {
  readonly direct: readonly number[];
  readonly through: readonly number[];
}

/** Milliseconds below which this share of the times lies. */
function quantile(times: readonly number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? NaN;
}

const added = ({ direct, through }: Times, share: number): number =>
  quantile(through, share) - quantile(direct, share);

async function measure(kind: "sail" | "apache", warmUp: number, calls: number): Promise<Times> {
  await using gateway = await startGatewayProcess({ drivers: [{ id: kind, kind }] });
  await using direct = await SparkSession.connect({ url: gateway.driver });
  await using through = await SparkSession.connect({ url: gateway.gateway });
  const times = { direct: [] as number[], through: [] as number[] };
  for (let call = -warmUp; call < calls; call += 1) {
    for (const [name, session] of [
      ["direct", direct],
      ["through", through],
    ] as const) {
      const start = performance.now();
      await session.sql("select 1").collect();
      if (call >= 0) times[name].push(performance.now() - start);
    }
  }
  return times;
}

const calls = quick ? 1_000 : 5_000;
const sail = await measure("sail", 500, calls);
const sparkCalls = quick ? 100 : 500;
const spark = await measure("apache", 150, sparkCalls);
// What a call differs by from the next one anyway: the width of the middle half.
const noise = quantile(spark.direct, 0.75) - quantile(spark.direct, 0.25);
const middle = ({ direct }: Times) =>
  `directly p50 ${quantile(direct, 0.5).toFixed(2)} ms, p99 ${quantile(direct, 0.99).toFixed(2)} ms`;
await report(
  "gateway-latency",
  [
    {
      what: "Sail: added to a warm `SELECT 1`, p50",
      unit: "ms",
      ours: added(sail, 0.5),
      target: { kind: "at-most", value: 0.5 },
    },
    {
      what: "Sail: added to a warm `SELECT 1`, p99",
      unit: "ms",
      ours: added(sail, 0.99),
      target: { kind: "at-most", value: 2 },
    },
    {
      what: "Apache Spark: added to a warm `SELECT 1`, p50, against the noise",
      unit: "ms",
      ours: added(spark, 0.5),
      target: { kind: "at-most", value: Number(noise.toPrecision(2)) },
    },
  ],
  [
    `Differences of the quantiles of ${calls.toLocaleString("en-US")} calls each way on Sail and ${sparkCalls} on Apache Spark, in turn. Sail ${middle(sail)}; Apache Spark ${middle(spark)}. The noise is the width of the middle half of its direct calls. Client, gateway and driver share the machine.`,
  ],
);
