import { isOver } from "@duet/ray";
import { duetHome } from "../embedded/installation.ts";
import { isRunning, sendSignal, waitUntilGone } from "../embedded/process-identity.ts";
import type { Profile } from "../profiles/profile.ts";
import { findRun } from "../runs/find-run.ts";
import { knownRuns } from "../runs/known-runs.ts";
import type { ListedRun } from "../runs/list-runs.ts";
import type { RunRecord } from "../runs/run-record.ts";
import { clusterJobs } from "./cluster-jobs.ts";
import { exitCode } from "./exit-code.ts";
import { Interruption } from "./interruption.ts";
import { printError } from "./print-error.ts";

/** The options of `duet stop`. */
export interface StopCommandOptions {
  /** A run's id, a part of it, or `last`. */
  readonly run: string;
  readonly profile: string | undefined;
}

/** How long a run gets to end after it is told to, and after it is told again. Milliseconds. */
const PATIENCE_MS = 15_000;
const LAST_PATIENCE_MS = 5_000;

/** Stops a run as Ctrl-C would, waits until it has ended, and says what happened. Gives the exit code. */
export async function stopCommand({ run, profile }: StopCommandOptions): Promise<number> {
  using interruption = new Interruption({ onFirst: () => undefined, onForce: () => undefined });
  const { signal } = interruption;
  const known = await knownRuns(duetHome(), profile, signal);
  const found = findRun(run, known.runs);
  if (found.ended !== undefined || found.state === "lost") {
    process.stdout.write(`${found.run} had ended already: ${found.state}\n`);
    return exitCode.succeeded;
  }
  if (found.place.kind === "here") return await stopHere(found.place.record);
  return await stopJob(found, known.profiles, signal);
}

async function stopHere({ run, place }: RunRecord): Promise<number> {
  if (place.kind !== "here") throw new Error(`${run} does not run here`);
  for (const patience of [PATIENCE_MS, LAST_PATIENCE_MS]) {
    await sendSignal(place.process, "SIGINT");
    if (await waitUntilGone([place.process], patience)) {
      process.stdout.write(`${run} has been stopped\n`);
      return exitCode.succeeded;
    }
  }
  if (await isRunning(place.process)) {
    printError({
      code: "run-not-stopped",
      message: `${run} still runs: process ${place.process.pid} does not end`,
      help: `kill -9 ${place.process.pid} ends it without a chance to clear up`,
    });
  }
  return exitCode.failed;
}

async function stopJob(
  { run, profile }: ListedRun,
  profiles: ReadonlyMap<string, Profile>,
  signal: AbortSignal,
): Promise<number> {
  await using jobs = await clusterJobs({ run, profile }, profiles);
  const job = await jobs.stop(run, { patience: PATIENCE_MS, signal });
  if (isOver(job)) {
    const what =
      job.state === "STOPPED" ? "has been stopped" : `had ended before: ${job.state.toLowerCase()}`;
    process.stdout.write(`${run} ${what}\n`);
    return exitCode.succeeded;
  }
  printError({
    code: "run-not-stopped",
    message:
      job.state === "PENDING"
        ? `${run} is still being prepared by the cluster, and ends as soon as it would start`
        : `${run} has been told to stop, and has not ended yet`,
    help: `\`duet runs\` shows when it has`,
  });
  return exitCode.failed;
}
