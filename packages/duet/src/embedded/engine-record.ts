import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { identify, isRunning, type ProcessIdentity } from "./process-identity.ts";

/** The engines that `duet up` can keep warm. */
export const ENGINE_NAMES = ["sail", "apache", "gateway", "ray"] as const;

/** One of the engines that `duet up` can keep warm. */
export type EngineRecordName = (typeof ENGINE_NAMES)[number];

/** A warm engine as `$DUET_HOME/engines/<name>.json` describes it. The file holds a token: it is for its owner alone. */
export interface EngineRecord {
  readonly name: EngineRecordName;
  /** False until the engine has answered; `duet up` writes the record before, so that a killed one leaves a trace. */
  readonly ready: boolean;
  readonly url: string;
  readonly token?: string;
  /** Of Ray: `host:port` of its control service (GCS), and the file with its own token. */
  readonly gcsAddress?: string;
  readonly tokenPath?: string;
  /** Of a gateway: its admin listener, and the kind of its drivers where runs may take it for their Spark. */
  readonly adminUrl?: string;
  readonly spark?: "sail" | "apache";
  readonly description: string;
  /** The process whose end ends the engine. */
  readonly process: ProcessIdentity;
  /** Milliseconds since 1970. */
  readonly started: number;
  /** The engine's log and temporary files. */
  readonly directory: string;
  /** Logical resources that were asked for (Ray). */
  readonly cpus?: number;
  readonly gpus?: number;
  readonly resources?: Readonly<Record<string, number>>;
}

/** The directory of the records. */
export const enginesDirectory = (home: string): string => join(home, "engines");

const recordFile = (home: string, name: EngineRecordName): string =>
  join(enginesDirectory(home), `${name}.json`);

/** Writes a record whole or not at all, readable by its owner alone. */
export async function writeRecord(home: string, record: EngineRecord): Promise<void> {
  await mkdir(enginesDirectory(home), { recursive: true, mode: 0o700 });
  const file = recordFile(home, record.name);
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, file);
}

/** Reads a record; undefined when there is none or when it is not one (a file of another version, half of one). */
export async function readRecord(home: string, name: EngineRecordName): Promise<EngineRecord | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(recordFile(home, name), "utf8"));
    return isRecord(value) && value.name === name ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** All records, running or not. */
export async function readRecords(home: string): Promise<readonly EngineRecord[]> {
  const records = await Promise.all(ENGINE_NAMES.map((name) => readRecord(home, name)));
  return records.filter((record) => record !== undefined);
}

/** Removes a record and its engine's directory. */
export async function removeRecord(home: string, record: EngineRecord): Promise<void> {
  await rm(recordFile(home, record.name), { force: true });
  await rm(record.directory, { recursive: true, force: true });
}

/** A record whose process still runs; one whose process has gone is removed. */
export async function livingRecord(home: string, name: EngineRecordName): Promise<EngineRecord | undefined> {
  const record = await readRecord(home, name);
  if (record === undefined || (await isRunning(record.process))) return record;
  await removeRecord(home, record);
  return undefined;
}

/** Makes a fresh directory for an engine's log and temporary files. */
export async function makeEngineDirectory(home: string, name: EngineRecordName): Promise<string> {
  const directory = join(enginesDirectory(home), `${name}-${process.pid}-${Date.now().toString(36)}`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return directory;
}

/** Directories in `engines/` that no record names and whose maker has gone: what a killed `duet up` left. */
export async function orphanedDirectories(home: string): Promise<readonly string[]> {
  const known = new Set((await readRecords(home)).map((record) => record.directory));
  const orphaned: string[] = [];
  for (const name of await directoryNames(enginesDirectory(home))) {
    const directory = join(enginesDirectory(home), name);
    const maker = Number(/^[a-z]+-(\d+)-/u.exec(name)?.[1]);
    if (!known.has(directory) && maker > 0 && (await identify(maker)) === undefined) orphaned.push(directory);
  }
  return orphaned;
}

async function directoryNames(path: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function isRecord(value: unknown): value is EngineRecord {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Partial<Record<keyof EngineRecord, unknown>>;
  const identity = fields.process as Partial<ProcessIdentity> | undefined;
  return (
    ["url", "description", "directory", "name"].every(
      (key) => typeof fields[key as keyof EngineRecord] === "string",
    ) &&
    typeof fields.started === "number" &&
    typeof fields.ready === "boolean" &&
    typeof identity?.pid === "number" &&
    typeof identity.start === "string"
  );
}
