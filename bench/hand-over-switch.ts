/** Both ways of the hand-over at small sizes, on Sail: where they cross is `SWITCH_BYTES` of the hand-over. */
import { ROW_BYTES, startHandOverBench } from "./lib/hand-over-bench.ts";
import { describeMachine } from "./lib/machine.ts";
import { takeTurns } from "./lib/measure.ts";

const rounds = process.argv.includes("--quick") ? 3 : 15;

await using bench = await startHandOverBench();
const source = await bench.source(2_200_000);
const sizes = [];
for (const rows of [1, 1_000, 10_000, 30_000, 60_000, 100_000, 300_000]) {
  const times = await takeTurns(
    [
      { name: "object", run: () => bench.handOver(source, { rows, way: "object" }) },
      { name: "files", run: () => bench.handOver(source, { rows, way: "files" }) },
    ],
    rounds,
    true,
  );
  sizes.push({ rows, megabytes: (rows * ROW_BYTES) / 1e6, ...times });
}
const milliseconds = (time: number) => (time * 1000).toFixed(0).padEnd(17);
console.log("## hand-over-switch\n");
console.log("| rows    | MB    | Arrow batches, ms | parquet, ms       |");
console.log("| ------- | ----- | ----------------- | ----------------- |");
for (const { rows, megabytes, object, files } of sizes) {
  const size = `${String(rows).padEnd(7)} | ${megabytes.toFixed(2).padEnd(5)}`;
  console.log(`| ${size} | ${milliseconds(object)} | ${milliseconds(files)} |`);
}
const machine = await describeMachine();
console.log(`\n${machine}`);
console.log(JSON.stringify({ bench: "hand-over-switch", machine, sizes }));
