import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Outcome } from "@duet/engine";
import * as v from "valibot";
import { isRunning } from "../embedded/process-identity.ts";

/** So many runs are remembered; the record and the output of older ones are removed. */
const MOST_RECORDS = 200;

const number = v.pipe(v.number(), v.finite());

const schema = v.object({
  run: v.string(),
  script: v.string(),
  arguments: v.array(v.string()),
  workingDirectory: v.string(),
  profile: v.string(),
  started: number,
  place: v.variant("kind", [
    v.object({
      kind: v.literal("here"),
      process: v.object({ pid: number, start: v.string() }),
      detached: v.boolean(),
    }),
    v.object({ kind: v.literal("cluster"), jobs: v.string() }),
  ]),
  end: v.exactOptional(
    v.object({
      outcome: v.picklist(["succeeded", "failed", "cancelled"]),
      exitCode: number,
      time: number,
    }),
  ),
});

/** How a run ended. */
export interface RunEnd {
  readonly outcome: Outcome;
  readonly exitCode: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** Where a run is: a process of this machine, or a Ray job whose id is the run's. */
export type RunPlace = v.InferOutput<typeof schema>["place"];

/** What is remembered of a run in `$DUET_HOME/run-history/<run>.json`. Times are milliseconds since 1970. */
export type RunRecord = Readonly<Omit<v.InferOutput<typeof schema>, "end">> & { readonly end?: RunEnd };

/** The folder of the records, and of what detached runs print. */
const historyFolder = (home: string): string => join(home, "run-history");

const recordFile = (home: string, run: string): string => join(historyFolder(home), `${run}.json`);

/** The file with what a detached run has printed; see `output-log.ts`. */
export const outputFile = (home: string, run: string): string => join(historyFolder(home), `${run}.output`);

/** Writes a record whole; at a run's beginning the oldest ones are removed. */
export async function writeRunRecord(home: string, record: RunRecord): Promise<void> {
  const folder = historyFolder(home);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = recordFile(home, record.run);
  const part = `${file}.${process.pid}`;
  await writeFile(part, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
  await rename(part, file);
  if (record.end === undefined) await removeOldest(home);
}

/** The record of a run; undefined when there is none, or one that another version of Duet wrote. */
export async function readRunRecord(home: string, run: string): Promise<RunRecord | undefined> {
  try {
    const result = v.safeParse(schema, JSON.parse(await readFile(recordFile(home, run), "utf8")));
    return result.success ? result.output : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** All records, newest first. */
export async function readRunRecords(home: string): Promise<readonly RunRecord[]> {
  const records = await Promise.all((await runIds(home)).map((run) => readRunRecord(home, run)));
  return records
    .filter((record) => record !== undefined)
    .toSorted((one, other) => other.started - one.started);
}

/** How a run of this machine is. `lost`: its process has gone without a word. */
export async function stateHere(record: RunRecord): Promise<Outcome | "running" | "lost"> {
  if (record.end !== undefined) return record.end.outcome;
  return record.place.kind === "here" && (await isRunning(record.place.process)) ? "running" : "lost";
}

async function runIds(home: string): Promise<readonly string[]> {
  try {
    const names = await readdir(historyFolder(home));
    return names.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -".json".length));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

async function removeOldest(home: string): Promise<void> {
  // The ids begin with the time.
  const old = (await runIds(home)).toSorted().slice(0, -MOST_RECORDS);
  for (const run of old) {
    const record = await readRunRecord(home, run);
    if (record !== undefined && (await stateHere(record)) === "running") continue;
    await rm(outputFile(home, run), { force: true });
    await rm(recordFile(home, run), { force: true });
  }
}
