/**
 * From a table of Spark to one Ray task that holds all of its rows, against what people do by hand. With `--switch` it
 * measures both of Duet's ways at small sizes instead: where they cross is `SWITCH_BYTES` of the hand-over.
 */
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { connectRay, type RayClient } from "@duet/ray";
import { SparkSession } from "@duet/spark-connect";
import { handedArgument, type HandedTable, handOver } from "../packages/engine/src/hand-over/index.ts";
import { type Peer, startPeer } from "./lib/command.ts";
import { python, workFolder } from "./lib/machine.ts";
import { median, seconds, takeTurns } from "./lib/measure.ts";
import { type Comparison, report } from "./lib/report.ts";
import { startWarmEngines } from "./lib/warm-engines.ts";

const quick = process.argv.includes("--quick");
const run = "bench";
const HELD = `
def held(data):
    import pyarrow
    from duet import table_reader

    return (data if isinstance(data, pyarrow.Table) else table_reader.read(data)).num_rows
`;

/** 91 bytes a row. */
const SIZES = [
  { name: "200 MB", rows: 2_200_000, rounds: quick ? 1 : 7 },
  { name: "2 GB", rows: 22_000_000, rounds: quick ? 1 : 3 },
] as const;

await using engines = await startWarmEngines();
await using session = await SparkSession.connect({ url: engines.spark });
await using ray = await connectRay(engines.bridge);
await using peer = await startPeer(
  python,
  [join(import.meta.dirname, "peers/hand_over.py"), engines.spark, engines.rayAddress],
  engines.environment,
);
const directory = join(workFolder, "hand-over");
await mkdir(directory, { recursive: true });

if (process.argv.includes("--switch")) await measureSwitch();
else await compare();
await ray.endRun(run);

async function compare(): Promise<void> {
  const comparisons: Comparison[] = [];
  for (const { name, rows, rounds } of SIZES) {
    const source = await makeSource(peer, name, rows);
    const byHand = (way: string) => async () => {
      const answer = await peer.ask({ way, source, folder: join(directory, "by-hand") });
      if (answer.rows !== rows)
        throw new Error(`${way} lost rows: ${String(answer.rows)} of ${String(rows)}`);
      return answer.seconds ?? NaN;
    };
    const times = await takeTurns(
      [
        {
          name: "duet",
          run: async () => {
            await warmWorker();
            return seconds(() => handOverOnce(ray, session, source, rows));
          },
        },
        { name: "limit", run: byHand("limit") },
        { name: "Ray Data", run: byHand("Ray Data") },
        { name: "toPandas", run: byHand("toPandas") },
      ],
      rounds,
      true,
    );
    const rate = (time: number) => rows / time;
    const against = (peerName: string, time: number, target: number): Comparison => ({
      what: `${name} to one Ray task`,
      unit: "rows/s",
      ours: rate(times.duet),
      peer: { name: peerName, value: rate(time) },
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
}

async function measureSwitch(): Promise<void> {
  const source = await makeSource(peer, "200 MB", 2_200_000);
  console.log("| rows | MB | Arrow batches, ms | parquet, ms |\n|---|---|---|---|");
  for (const rows of [1, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000]) {
    const time = async (way: HandedTable["kind"]) => {
      const times: number[] = [];
      for (let round = -2; round < (quick ? 3 : 15); round++) {
        if (round === -2) await warmWorker();
        const taken = await seconds(() => handOverOnce(ray, session, source, rows, way));
        if (round >= 0) times.push(taken * 1000);
      }
      return median(times).toFixed(0);
    };
    console.log(
      `| ${String(rows)} | ${((rows * 91) / 1e6).toFixed(2)} | ${await time("object")} | ${await time("files")} |`,
    );
  }
  console.log(JSON.stringify({ bench: "hand-over-switch" }));
}

/** Ray keeps two idle workers, and ends ours when the peer's tasks need some: each turn begins with a living one. */
async function warmWorker(): Promise<void> {
  const source = "def ready():\n    import pyarrow\n    from duet import table_reader\n";
  await ray.submit({ function: { source, name: "ready" }, run, name: "ready" }).result();
}

async function handOverOnce(
  client: RayClient,
  spark: SparkSession,
  source: string,
  rows: number,
  way?: HandedTable["kind"],
): Promise<void> {
  const whole = spark.read.parquet(source);
  const table = await handOver(way === undefined ? whole : whole.where(`id < ${String(rows)}`), {
    ray: client,
    run,
    directory: join(directory, "runs"),
    name: "bench",
    signal: new AbortController().signal,
    ...(way === undefined ? {} : { way }),
  });
  const task = client.submit({
    function: { source: HELD, name: "held" },
    arguments: [handedArgument(table)],
    run,
    name: "held",
  });
  const held = await task.result();
  if (held !== rows) throw new Error(`the task holds ${JSON.stringify(held)} of ${String(rows)} rows`);
  client.release([task.ref, ...(table.kind === "object" ? [table.ref] : [])]);
  if (table.kind === "files") await rm(table.path, { recursive: true });
}

async function makeSource(maker: Peer, name: string, rows: number): Promise<string> {
  const folder = join(directory, `source-${name.replace(" ", "-")}`);
  const there = await stat(folder).catch(() => undefined);
  if (there === undefined) await maker.ask({ way: "make", rows, folder });
  return folder;
}
