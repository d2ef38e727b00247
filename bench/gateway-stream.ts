/**
 * A result of 5 million rows of 4 columns, directly and through the gateway, in turn on the same Sail; then eight at
 * once through the gateway, for its memory. `node bench/gateway-stream.ts [--quick]`
 */
import { SparkSession } from "@duet/spark-connect";
import { startGatewayProcess } from "./lib/gateway-process.ts";
import { seconds, takeTurns } from "./lib/measure.ts";
import { report } from "./lib/report.ts";

const rounds = process.argv.includes("--quick") ? 3 : 9;
const rows = 5_000_000;
const atOnce = 8;

await using gateway = await startGatewayProcess();
await using direct = await SparkSession.connect({ url: gateway.driver });
await using through = await SparkSession.connect({ url: gateway.gateway });

/** Reads the whole result without decoding it; gives its bytes. */
async function read(session: SparkSession): Promise<number> {
  const columns = ["id", "id * 2 as b", "cast(id as double) as c", "id % 1000 as d"];
  let [count, bytes] = [0, 0];
  for await (const { rowCount, data } of session
    .range(0, rows, 1, 4)
    .select(...columns)
    .arrowBatches()) {
    count += rowCount;
    bytes += data.length;
  }
  if (count !== rows) throw new Error(`${String(count)} of ${String(rows)} rows came`);
  return bytes;
}

const megabytes = (await read(direct)) / 1e6;
const times = await takeTurns(
  [
    { name: "direct", run: () => seconds(() => read(direct)) },
    { name: "through", run: () => seconds(() => read(through)) },
  ],
  rounds,
  true,
);
const memory = await gateway.peakMemory();
await Promise.all(Array.from({ length: atOnce }, () => read(through)));
await report(
  "gateway-stream",
  [
    {
      what: "5 M rows × 4 columns",
      unit: "MB/s",
      ours: megabytes / times.through,
      peer: { name: "directly", value: megabytes / times.direct },
      target: { kind: "at-least", value: 0.95 },
    },
    {
      what: "memory of the gateway, one stream at a time",
      unit: "MB",
      ours: memory,
      target: { kind: "at-most", value: 150 },
    },
    {
      what: `memory of the gateway, ${String(atOnce)} streams at once`,
      unit: "MB",
      ours: await gateway.peakMemory(),
      target: { kind: "at-most", value: 150 },
    },
  ],
  [
    `${megabytes.toFixed(0)} MB of Arrow a result, read and not decoded; median of ${String(rounds)} after a warm-up; memory is the highest resident size of the process. Client, gateway and Sail share the machine.`,
  ],
);
