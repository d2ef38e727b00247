/** A Spark DataFrame as the argument of a Ray task, in an ordinary Python script, against what people write by hand. */
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { startPeer } from "./lib/command.ts";
import { ROW_BYTES } from "./lib/hand-over-bench.ts";
import { python, pythonPath, workFolder } from "./lib/machine.ts";
import { takeTurns } from "./lib/measure.ts";
import { startRaydp } from "./lib/raydp.ts";
import { type Comparison, report } from "./lib/report.ts";
import { startWarmEngines } from "./lib/warm-engines.ts";

const quick = process.argv.includes("--quick");
const SIZES = [
  { name: "200 MB", bytes: 2e8, rounds: quick ? 1 : 7 },
  { name: "2 GB", bytes: 2e9, rounds: quick ? 1 : 3 },
] as const;

await using engines = await startWarmEngines();
const directory = join(workFolder, "hand-over");
const runFolder = join(directory, "frame-to-task");
await mkdir(runFolder, { recursive: true });
const wiring = {
  run: "bench",
  directory: runFolder,
  spark: { kind: "sail", url: engines.spark },
  ray: { address: engines.rayAddress, tokenPath: join(engines.directory, "token"), embedded: false },
};
await using duet = await startPeer(python, [join(import.meta.dirname, "lib/frame_to_task.py"), runFolder], {
  ...engines.environment,
  PYTHONPATH: [join(pythonPath, "script_site"), pythonPath].join(":"),
  DUET_SCRIPT: JSON.stringify(wiring),
});
await using peer = await startPeer(
  python,
  [join(import.meta.dirname, "peers/hand_over.py"), engines.spark, engines.rayAddress],
  engines.environment,
);

const comparisons: Comparison[] = [];
const against = (
  what: string,
  rows: number,
  ours: number,
  peerName: string,
  time: number,
  target: number,
): Comparison => ({
  what,
  unit: "rows/s",
  ours: rows / ours,
  peer: { name: peerName, value: rows / time },
  target: { kind: "at-least", value: target },
});
for (const { name, bytes, rounds } of SIZES) {
  const rows = Math.round(bytes / ROW_BYTES);
  const source = join(directory, `source-${String(rows)}`);
  if ((await stat(source).catch(() => undefined)) === undefined)
    await peer.ask({ way: "make", rows, folder: source });
  const turn = (program: typeof peer, way: string) => async () => {
    const answer = await program.ask({ way, source, folder: join(directory, "by-hand") });
    if (answer.rows !== rows) throw new Error(`${way} lost rows: ${String(answer.rows)} of ${String(rows)}`);
    return answer.seconds ?? NaN;
  };
  const direct = { name: "duet", run: turn(duet, "arrow") } as const;
  const times = await takeTurns(
    [
      direct,
      { name: "Ray Data", run: turn(peer, "Ray Data") },
      { name: "duet, pandas", run: turn(duet, "pandas") },
      { name: "toPandas", run: turn(peer, "toPandas") },
    ],
    rounds,
    !quick || bytes < 1e9,
  );
  const { duet: arrow, "duet, pandas": pandas } = times;
  comparisons.push(
    against(`${name}, train.remote(df)`, rows, arrow, "ray.put(df.toPandas())", times.toPandas, 2),
    against(
      `${name}, train.remote(df)`,
      rows,
      arrow,
      "parquet + ray.data.read_parquet",
      times["Ray Data"],
      1,
    ),
    against(
      `${name}, a pandas.DataFrame is asked for`,
      rows,
      pandas,
      "ray.put(df.toPandas())",
      times.toPandas,
      1,
    ),
  );
  // Its memory beside the others' is not to count against them; with 2 GB its executor does not live through the turns.
  if (bytes > 1e9) continue;
  await using raydp = await startRaydp(engines.directory);
  const beside = await takeTurns([direct, { name: "RayDP", run: turn(raydp, "from_spark") }], rounds, true);
  comparisons.push(
    against(`${name}, train.remote(df)`, rows, beside.duet, "RayDP, ray.data.from_spark", beside.RayDP, 1),
  );
}
await report("frame-to-task", comparisons, [
  "From df = spark.read.parquet(…) to one Ray task that holds all rows; 10 columns as for hand-over; medians of turns.",
]);
