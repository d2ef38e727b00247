import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { connectRay } from "@duet/ray";
import { SparkSession } from "@duet/spark-connect";
import { handedArgument, type HandedTable, handOver } from "../../packages/engine/src/hand-over/index.ts";
import { type Peer, startPeer } from "./command.ts";
import { python, workFolder } from "./machine.ts";
import { seconds } from "./measure.ts";
import { startWarmEngines } from "./warm-engines.ts";

/** What a row of the source takes in Arrow. */
export const ROW_BYTES = 91;

const RUN = "bench";

const HELD = `
def held(data):
    import pyarrow
    from duet import table_reader

    return (data if isinstance(data, pyarrow.Table) else table_reader.read(data)).num_rows
`;

const READY = `
def ready():
    import pyarrow
    from duet import table_reader
`;

/** A table of Spark, to be handed over. */
export interface Source {
  /** Parquet files. */
  readonly folder: string;
  readonly rows: number;
}

/** Warm engines with clients of Duet's and the peers' program. */
export interface HandOverBench extends AsyncDisposable {
  readonly peer: Peer;
  /** Where the peers may write. */
  readonly directory: string;
  /** Makes the source, or finds it from an earlier run. */
  source(rows: number): Promise<Source>;
  /** Seconds from the whole table, or its first rows, to a Ray task that holds them; `way` takes one of the two ways. */
  handOver(
    source: Source,
    options?: { readonly rows: number; readonly way: HandedTable["kind"] },
  ): Promise<number>;
}

/** Starts everything that the benches of the hand-over need. */
export async function startHandOverBench(): Promise<HandOverBench> {
  await using started = new AsyncDisposableStack();
  const engines = started.use(await startWarmEngines());
  const session = started.use(await SparkSession.connect({ url: engines.spark }));
  const ray = started.use(await connectRay(engines.bridge));
  const program = join(import.meta.dirname, "../peers/hand_over.py");
  const peer = started.use(
    await startPeer(python, [program, engines.spark, engines.rayAddress], engines.environment),
  );
  started.defer(() => ray.endRun(RUN));
  const directory = join(workFolder, "hand-over");
  await mkdir(directory, { recursive: true });
  const all = started.move();

  const taskHolds = async (
    source: Source,
    options?: { rows: number; way: HandedTable["kind"] },
  ): Promise<void> => {
    const whole = session.read.parquet(source.folder);
    const table = await handOver(
      options === undefined ? whole : whole.where(`id < ${String(options.rows)}`),
      {
        ray,
        run: RUN,
        directory: join(directory, "runs"),
        name: "bench",
        signal: new AbortController().signal,
        ...(options === undefined ? {} : { way: options.way }),
      },
    );
    const held = ray.submit({
      function: { source: HELD, name: "held" },
      arguments: [handedArgument(table)],
      run: RUN,
      name: "held",
    });
    const rows = await held.result();
    if (rows !== (options?.rows ?? source.rows))
      throw new Error(`the task holds ${JSON.stringify(rows)} rows`);
    ray.release([held.ref, ...(table.kind === "object" ? [table.ref] : [])]);
    if (table.kind === "files") await rm(table.path, { recursive: true });
  };

  return {
    peer,
    directory,
    async source(rows) {
      const folder = join(directory, `source-${String(rows)}`);
      const there = await stat(folder).catch(() => undefined);
      if (there === undefined) await peer.ask({ way: "make", rows, folder });
      return { folder, rows };
    },
    async handOver(source, options) {
      // Ray keeps two idle workers, and ends ours when the peer's tasks need some: each turn begins with a living one.
      await ray.submit({ function: { source: READY, name: "ready" }, run: RUN, name: "ready" }).result();
      return seconds(() => taskHolds(source, options));
    },
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  };
}
