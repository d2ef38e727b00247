import type { RunEvent } from "@duet/engine";
import { identify } from "../embedded/process-identity.ts";
import { type RunPlace, type RunRecord, writeRunRecord } from "./run-record.ts";

/** What a run is, for its record. */
export interface RunDescription {
  readonly run: string;
  /** As it was written on the command line. */
  readonly script: string;
  readonly arguments: readonly string[];
  readonly profile: string;
}

/** Keeps the record of a run, so that `duet runs` lists it. */
export class RunRecorder {
  readonly #home: string;
  readonly #record: RunRecord;

  private constructor(home: string, record: RunRecord) {
    this.#home = home;
    this.#record = record;
  }

  /** Begins a record. */
  static async begin(home: string, description: RunDescription, place: RunPlace): Promise<RunRecorder> {
    const record: RunRecord = {
      ...description,
      arguments: [...description.arguments],
      workingDirectory: process.cwd(),
      started: Date.now(),
      place,
    };
    await writeRunRecord(home, record);
    return new RunRecorder(home, record);
  }

  /** Takes an event of the run: at its last one the record is completed. */
  async see(event: RunEvent): Promise<void> {
    if (event.type !== "run-finished") return;
    const { outcome, time } = event;
    const exitCode = event.exitCode ?? (outcome === "succeeded" ? 0 : 1);
    await writeRunRecord(this.#home, { ...this.#record, end: { outcome, exitCode, time } });
  }
}

/** A run of this process; `detached` where `duet run -d` keeps what it prints. */
export async function placeHere(detached: boolean): Promise<RunPlace> {
  const own = await identify(process.pid);
  if (own === undefined) throw new Error("this process does not find itself");
  return { kind: "here", process: own, detached };
}
