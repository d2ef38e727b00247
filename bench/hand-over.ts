/** From a table of Spark to one Ray task that holds all of its rows, against what people do by hand. */
import { join } from "node:path";
import { ROW_BYTES, startHandOverBench } from "./lib/hand-over-bench.ts";
import { takeTurns } from "./lib/measure.ts";
import { type Comparison, report } from "./lib/report.ts";

const quick = process.argv.includes("--quick");
const SIZES = [
  { name: "200 MB", bytes: 2e8, rounds: quick ? 1 : 7 },
  { name: "2 GB", bytes: 2e9, rounds: quick ? 1 : 3 },
] as const;

await using bench = await startHandOverBench();
const comparisons: Comparison[] = [];
for (const { name, bytes, rounds } of SIZES) {
  const rows = Math.round(bytes / ROW_BYTES);
  const source = await bench.source(rows);
  const byHand = (way: string) => async () => {
    const answer = await bench.peer.ask({
      way,
      source: source.folder,
      folder: join(bench.directory, "by-hand"),
    });
    if (answer.rows !== rows) throw new Error(`${way} lost rows: ${String(answer.rows)} of ${String(rows)}`);
    return answer.seconds ?? NaN;
  };
  const times = await takeTurns(
    [
      { name: "duet", run: () => bench.handOver(source) },
      { name: "limit", run: byHand("limit") },
      { name: "Ray Data", run: byHand("Ray Data") },
      { name: "toPandas", run: byHand("toPandas") },
    ],
    rounds,
    true,
  );
  const against = (peer: string, time: number, target: number): Comparison => ({
    what: `${name} to one Ray task`,
    unit: "rows/s",
    ours: rows / times.duet,
    peer: { name: peer, value: rows / time },
    target: { kind: "at-least", value: target },
  });
  comparisons.push(
    against("toPandas() + ray.put", times.toPandas, 2),
    against("parquet + ray.data.read_parquet", times["Ray Data"], 1),
    against("parquet + pyarrow, no Ray", times.limit, 0.8),
  );
}
comparisons.push({
  what: "peak memory of the Node process",
  unit: "MB",
  ours: process.resourceUsage().maxRSS / 1024,
  target: { kind: "at-most", value: 300 },
});
await report("hand-over", comparisons, [
  "10 columns: 4 longs, 3 doubles, 2 texts, 1 timestamp; medians of turns.",
]);
