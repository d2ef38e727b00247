import type { Outcome } from "@duet/engine";
import { isOver, type RayJob, RayJobs, RayJobsError } from "@duet/ray";
import { type ClusterRunInfo, runInfo } from "@duet/python-script";
import type { Profile } from "../profiles/profile.ts";
import { readRunRecords, type RunRecord, stateHere, writeRunRecord } from "./run-record.ts";

/** A run for `duet runs`: of this machine, or of a profile's cluster. Times are milliseconds since 1970. */
export interface ListedRun {
  readonly run: string;
  readonly script: string;
  readonly arguments: readonly string[];
  readonly profile: string;
  /** `pending`: the cluster prepares it; `unknown`: it was sent to a cluster that was not asked; `lost`: see below. */
  readonly state: Outcome | "pending" | "running" | "unknown" | "lost";
  readonly started: number;
  readonly ended?: number;
  readonly exitCode?: number;
  /** Who started it and where, of a run on a cluster. */
  readonly owner?: string;
  readonly place: { readonly kind: "here"; readonly record: RunRecord } | { readonly kind: "cluster" };
}

/** A cluster that could not be asked. */
export interface UnaskedCluster {
  readonly profile: string;
  readonly error: RayJobsError;
}

/** The runs that are known, newest first. */
export interface RunList {
  readonly runs: readonly ListedRun[];
  readonly unasked: readonly UnaskedCluster[];
}

/** A cluster that does not answer in this time is left out of a list. Milliseconds. */
const PATIENCE_MS = 6_000;

/** Lists the runs of this machine, and those on the clusters of some profiles, whoever started them. */
export async function listRuns(
  home: string,
  profiles: readonly Profile[],
  signal: AbortSignal,
): Promise<RunList> {
  const records = new Map((await readRunRecords(home)).map((record) => [record.run, record]));
  const runs = new Map<string, ListedRun>();
  for (const record of records.values()) runs.set(record.run, await fromRecord(record));
  const unasked: UnaskedCluster[] = [];
  for (const profile of profiles) {
    try {
      for (const run of await clusterRuns(profile, signal)) {
        runs.set(run.run, run);
        await complete(home, records.get(run.run), run);
      }
    } catch (error) {
      if (!(error instanceof RayJobsError)) throw error;
      unasked.push({ profile: profile.name, error });
    }
  }
  return { runs: [...runs.values()].toSorted((one, other) => other.started - one.started), unasked };
}

async function clusterRuns({ ray }: Profile, signal: AbortSignal): Promise<readonly ListedRun[]> {
  if (ray?.jobs === undefined) return [];
  const address = { url: ray.jobs, ...(ray.token === undefined ? {} : { token: ray.token }) };
  await using jobs = new RayJobs(address);
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    return (await jobs.list(AbortSignal.any([signal, patience]))).flatMap((job) => {
      const info = runInfo(job);
      return info === undefined ? [] : [fromJob(job, info)];
    });
  } catch (cause) {
    signal.throwIfAborted();
    if (!patience.aborted) throw cause;
    const message = `Ray's Jobs API at ${ray.jobs} does not answer`;
    throw new RayJobsError({ code: "jobs-unreachable", message }, { cause });
  }
}

/** Notes the end of a run that nobody here waited for. */
async function complete(home: string, record: RunRecord | undefined, run: ListedRun): Promise<void> {
  const { state, ended, exitCode } = run;
  if (record === undefined || record.end !== undefined || ended === undefined) return;
  if (state !== "succeeded" && state !== "failed" && state !== "cancelled") return;
  const code = exitCode ?? { succeeded: 0, failed: 1, cancelled: 130 }[state];
  await writeRunRecord(home, { ...record, end: { outcome: state, exitCode: code, time: ended } });
}

function fromJob(job: RayJob, info: ClusterRunInfo): ListedRun {
  return {
    run: job.id,
    script: info.script,
    arguments: info.arguments,
    profile: info.profile,
    state: jobState(job),
    started: job.started ?? 0,
    ...(job.ended === undefined || !isOver(job) ? {} : { ended: job.ended }),
    ...(job.exitCode === undefined ? {} : { exitCode: job.exitCode }),
    owner: `${info.user}@${info.host}`,
    place: { kind: "cluster" },
  };
}

/** A Ray job's state in the words of runs. */
function jobState({ state }: RayJob): ListedRun["state"] {
  switch (state) {
    case "PENDING":
      return "pending";
    case "RUNNING":
      return "running";
    case "STOPPED":
      return "cancelled";
    case "SUCCEEDED":
      return "succeeded";
    case "FAILED":
      return "failed";
  }
}

async function fromRecord(record: RunRecord): Promise<ListedRun> {
  const { run, script, profile, started, end } = record;
  const here = record.place.kind === "here";
  return {
    ...{ run, script, arguments: record.arguments, profile, started },
    state: here ? await stateHere(record) : (end?.outcome ?? "unknown"),
    ...(end === undefined ? {} : { ended: end.time, exitCode: end.exitCode }),
    place: here ? { kind: "here", record } : { kind: "cluster" },
  };
}
