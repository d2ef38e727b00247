import { JobLogReader, startFailure } from "@duet/python-script";
import { isOver } from "@duet/ray";
import { duetHome } from "../embedded/installation.ts";
import type { Profile } from "../profiles/profile.ts";
import { findRun } from "../runs/find-run.ts";
import { knownRuns } from "../runs/known-runs.ts";
import type { ListedRun } from "../runs/list-runs.ts";
import { readOutputLog } from "../runs/output-log.ts";
import { outputFile, readRunRecord, type RunRecord, stateHere } from "../runs/run-record.ts";
import { clusterJobs } from "./cluster-jobs.ts";
import { exitCode } from "./exit-code.ts";
import { Interruption } from "./interruption.ts";
import { printError } from "./print-error.ts";
import { UsageError } from "./usage-error.ts";
import { writeOutput } from "./write-output.ts";

/** The options of `duet logs`. */
export interface LogsCommandOptions {
  /** A run's id, a part of it, or `last`. */
  readonly run: string;
  readonly follow: boolean;
  readonly profile: string | undefined;
}

/**
 * Prints what a run has printed: its standard output on ours, its standard error on ours, byte for byte. `follow` goes
 * on until the run ends, and gives its exit code then; Ctrl-C leaves the run alone.
 */
export async function logsCommand({ run, follow, profile }: LogsCommandOptions): Promise<number> {
  using interruption = new Interruption({ onFirst: () => undefined, onForce: () => undefined });
  const { signal } = interruption;
  const home = duetHome();
  const known = await knownRuns(home, profile, signal);
  const found = findRun(run, known.runs);
  try {
    const code =
      found.place.kind === "here"
        ? await logsHere(home, found.place.record, follow, signal)
        : await logsOfJob(found, known.profiles, follow, signal);
    return follow ? code : exitCode.succeeded;
  } catch (error) {
    if (interruption.exitCode === undefined) throw error;
    return interruption.exitCode;
  }
}

async function logsHere(
  home: string,
  record: RunRecord,
  follow: boolean,
  signal: AbortSignal,
): Promise<number> {
  if (record.place.kind === "here" && !record.place.detached) {
    throw new UsageError(
      `${record.run} printed to the terminal that it was started in; its output is not kept`,
      "`duet run -d` runs in the background and keeps what a script prints",
    );
  }
  const current = async (): Promise<RunRecord> => (await readRunRecord(home, record.run)) ?? record;
  const isLive = async (): Promise<boolean> => follow && (await stateHere(await current())) === "running";
  for await (const { stream, bytes } of readOutputLog(outputFile(home, record.run), isLive, signal)) {
    await writeOutput(stream, bytes);
  }
  const { end } = await current();
  return end?.exitCode ?? exitCode.failed;
}

async function logsOfJob(
  { run, profile }: ListedRun,
  profiles: ReadonlyMap<string, Profile>,
  follow: boolean,
  signal: AbortSignal,
): Promise<number> {
  await using jobs = await clusterJobs({ run, profile }, profiles);
  const reader = new JobLogReader({ onOutput: writeOutput });
  const onLost = ({ message }: Error): void => {
    process.stderr.write(`${message}; trying again …\n`);
  };
  await reader.read(jobs.log(run, { follow, signal, onLost }));
  if (reader.exit !== undefined) return reader.exit.code;
  const job = await jobs.get(run, signal);
  // The script has printed nothing; what the cluster has to say is why.
  if (!reader.begun && isOver(job)) printError(startFailure(job, reader.preamble));
  return job.exitCode ?? exitCode.failed;
}
