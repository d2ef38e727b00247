import type { EngineRecord } from "../embedded/engine-record.ts";
import type { EngineHealth } from "../embedded/warm-engines.ts";

/** A warm engine as `--json` prints it: everything but the token. */
export interface EngineEntry {
  readonly name: string;
  readonly state: EngineHealth | "ended";
  readonly url: string;
  readonly description: string;
  readonly pid: number;
  /** ISO 8601 */
  readonly started: string;
  readonly log: string;
}

/** What of a record may be shown. */
export function engineEntry(record: EngineRecord, state: EngineEntry["state"]): EngineEntry {
  const { name, url, description, process, started, directory } = record;
  return {
    name,
    state,
    url,
    description,
    pid: process.pid,
    started: new Date(started).toISOString(),
    log: directory,
  };
}

/** Prints engines for a person or as JSON. */
export function printEngines(entries: readonly EngineEntry[], json: boolean, empty: string): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ engines: entries })}\n`);
    return;
  }
  if (entries.length === 0) process.stdout.write(`${empty}\n`);
  for (const { name, state, url, description, pid } of entries) {
    const what = [description, url, `process ${pid}`].filter((part) => part !== "").join(", ");
    process.stdout.write(`${name.padEnd(7)}  ${state.padEnd(12)}  ${what}\n`);
  }
}
