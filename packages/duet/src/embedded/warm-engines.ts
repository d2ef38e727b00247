import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { withClaim } from "./claim.ts";
import { isAnswering } from "./engine-check.ts";
import {
  type EngineRecord,
  type EngineRecordName,
  enginesDirectory,
  livingRecord,
  makeEngineDirectory,
  orphanedDirectories,
  readRecords,
  removeRecord,
  writeRecord,
} from "./engine-record.ts";
import { EngineStartError } from "./engine-start-error.ts";
import { endTree, isRunning } from "./process-identity.ts";
import { fitsSize, sizeOf } from "./ray-size.ts";
import { startEngine } from "./start-engine.ts";
import type { RaySize } from "./targets.ts";

/** How long a warm engine may take to end by itself. Milliseconds. */
const GRACE_MS = 10_000;

/** What to keep warm. */
export interface WarmEngineOptions extends RaySize {
  readonly home: string;
  readonly name: EngineRecordName;
  readonly port?: number;
  /** Of a gateway: the kind of its drivers. */
  readonly spark?: "sail" | "apache";
  readonly signal: AbortSignal;
}

/** A warm engine, and whether it was started just now. */
export interface WarmEngine {
  readonly record: EngineRecord;
  readonly startedNow: boolean;
}

/** How a warm engine is. `unresponsive`: its process runs but does not answer. */
export type EngineHealth = "ready" | "unresponsive" | "starting" | "gone";

const claimFile = (home: string, name: EngineRecordName): string =>
  join(enginesDirectory(home), `${name}.claim`);

/**
 * Makes sure that an engine is up: leaves it alone where it answers and fits, else ends it and starts it anew.
 * It goes on when this process ends. Two calls at once start one engine.
 * @throws {EngineStartError}
 */
export async function keepWarm(options: WarmEngineOptions): Promise<WarmEngine> {
  const { home, name, signal } = options;
  return withClaim(claimFile(home, name), signal, async () => {
    const before = await livingRecord(home, name);
    if (before?.ready === true && fits(before, options) && (await isAnswering(before, signal))) {
      return { record: before, startedNow: false };
    }
    if (before !== undefined) await endEngine(home, before);
    return { record: await startDetached(options), startedNow: true };
  });
}

async function startDetached(options: WarmEngineOptions): Promise<EngineRecord> {
  const { home, name, signal, port, spark } = options;
  const directory = await makeEngineDirectory(home, name);
  await mkdir(join(home, "warehouse"), { recursive: true });
  const size = sizeOf(options);
  const base = { name, directory, started: Date.now(), ...size };
  try {
    const engine = await startEngine(
      name,
      {
        ...{ home, directory, lifetime: "itself", signal },
        ...(port === undefined ? {} : { port }),
        ...(spark === undefined ? {} : { spark }),
        onProcess: (process) =>
          writeRecord(home, { ...base, process, ready: false, url: "", description: "" }),
      },
      size,
    );
    const { url, token, gcsAddress, tokenPath, adminUrl, description, process } = engine;
    // The first call also makes the engine load what it loads lazily: the first run finds it warm.
    const address = {
      ...{ name, url },
      ...(token === undefined ? {} : { token }),
      ...(adminUrl === undefined ? {} : { adminUrl }),
    };
    if (!(await isAnswering(address, signal))) {
      throw new EngineStartError({
        code: "engine-timeout",
        message: `${description} has started but does not answer`,
        help: "run `duet doctor`",
      });
    }
    const record = {
      ...{ ...base, ...address, description, process, ready: true },
      ...(engine.spark === undefined ? {} : { spark: engine.spark }),
      ...(gcsAddress === undefined ? {} : { gcsAddress }),
      ...(tokenPath === undefined ? {} : { tokenPath }),
    };
    await writeRecord(home, record);
    return record;
  } catch (error) {
    const record = await livingRecord(home, name);
    if (record === undefined) await rm(directory, { recursive: true, force: true });
    else await endEngine(home, record);
    throw error;
  }
}

/** Ends all warm engines by their recorded processes and waits until they have gone. Gives what was ended. */
export async function endWarmEngines(home: string, signal: AbortSignal): Promise<readonly EngineRecord[]> {
  const ended: EngineRecord[] = [];
  for (const record of await readRecords(home)) {
    await withClaim(claimFile(home, record.name), signal, async () => {
      if (await isRunning(record.process)) ended.push(record);
      await endEngine(home, record);
    });
  }
  for (const directory of await orphanedDirectories(home))
    await rm(directory, { recursive: true, force: true });
  return ended;
}

/** Every recorded engine and how it is, found out by a real call. */
export async function checkWarmEngines(
  home: string,
  signal: AbortSignal,
): Promise<readonly { readonly record: EngineRecord; readonly health: EngineHealth }[]> {
  return Promise.all(
    (await readRecords(home)).map(async (record) => ({ record, health: await healthOf(record, signal) })),
  );
}

async function healthOf(record: EngineRecord, signal: AbortSignal): Promise<EngineHealth> {
  if (!(await isRunning(record.process))) return "gone";
  if (!record.ready) return "starting";
  return (await isAnswering(record, signal)) ? "ready" : "unresponsive";
}

async function endEngine(home: string, record: EngineRecord): Promise<void> {
  if (!(await endTree(record.process, GRACE_MS))) {
    throw new EngineStartError({
      code: "engine-not-ended",
      message: `process ${record.process.pid} of ${record.name} did not end, not even by SIGKILL`,
      help: "it hangs in the system (a dead network drive, for instance); look at it with ps and try again later",
    });
  }
  await removeRecord(home, record);
}

/** A running engine fits unless something else is asked for explicitly. */
function fits(record: EngineRecord, options: WarmEngineOptions): boolean {
  const { port, spark } = options;
  const fitsKind = spark === undefined || record.spark === undefined || record.spark === spark;
  return (
    fitsKind && fitsSize(record, options) && (port === undefined || new URL(record.url).port === String(port))
  );
}
