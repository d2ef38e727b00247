import { stat } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { makePackage, type RayJobs } from "@duet/ray";
import { ScriptRefused } from "../script-refused.ts";
import { SHARED_SIZES, UNSHARED_SIZES } from "../wiring-sizes.ts";
import type { ClusterScriptOptions, ScriptCluster } from "./cluster-options.ts";
import { folderFiles } from "./folder-files.ts";
import { metadataOf } from "./job-metadata.ts";
import { quote } from "./shell-word.ts";
import { wiringPackages } from "./wiring-packages.ts";

/** What the cluster gets, beside the script's files. */
export interface Submission {
  /** The run's id, which becomes the job's submission id. */
  readonly run: string;
  /** The script's environment in Ray's words, as `prepareForCluster` gives it. */
  readonly runtimeEnv: Readonly<Record<string, unknown>>;
}

/** How long Ray leaves a stopped job to itself before it kills it, longer than the runner's own patience. Seconds. */
const STOP_PATIENCE = 12;

/**
 * Sends a script with its folder to a Ray cluster and starts it there as a job; resolves as soon as Ray has taken it.
 * @throws {ScriptRefused}
 * @throws {RayJobsError}
 */
export async function submitScript(
  jobs: RayJobs,
  options: ClusterScriptOptions,
  { run, runtimeEnv }: Submission,
  signal: AbortSignal,
): Promise<void> {
  const { cluster, installation } = options;
  const place = await placeScript(options);
  const wiring = await wiringPackages(installation.pythonPath);
  const packages = [makePackage(await folderFiles(place.folder)), ...wiring];
  const uploads = packages.map(({ name, bytes }) => jobs.upload(name, bytes, signal));
  const [workingDirectory, ...modules] = await Promise.all(uploads);
  const command = [place.script, ...options.arguments].map(quote).join(" ");
  await jobs.submit(
    {
      id: run,
      entrypoint: `exec ${quote(cluster.python ?? "python")} -m duet.script.job_runner ${command}`,
      runtimeEnv: {
        ...runtimeEnv,
        working_dir: workingDirectory,
        py_modules: modules,
        env_vars: {
          ...(runtimeEnv.env_vars as Readonly<Record<string, string>> | undefined),
          DUET_JOB: JSON.stringify(jobOf(run, cluster, place)),
          // As Ctrl-C does: Python code can clean up and say where it was.
          RAY_JOB_STOP_SIGNAL: "SIGINT",
          RAY_JOB_STOP_WAIT_TIME_S: String(STOP_PATIENCE),
        },
      },
      metadata: metadataOf({
        ...{ run, profile: cluster.profile, user: userInfo().username, host: hostname() },
        ...{ script: options.script, arguments: options.arguments },
      }),
    },
    signal,
  );
}

/** What `duet.script.job_runner` finds in `DUET_JOB`. */
function jobOf(run: string, { profile, spark, lake }: ScriptCluster, place: ScriptPlace): object {
  return {
    profile,
    directory: place.directory,
    wiring: {
      ...{ run, script: place.script },
      ...(spark === undefined ? {} : { spark }),
      ...(lake === undefined ? UNSHARED_SIZES : { ...SHARED_SIZES, directory: join(lake, "runs", run) }),
    },
  };
}

/** Where a script is, here and in what is sent. */
interface ScriptPlace {
  /** Absolute. */
  readonly folder: string;
  /** The working directory on the cluster, relative to the folder there. */
  readonly directory: string;
  /** Relative to that working directory, as Python gets it. */
  readonly script: string;
}

/** @throws {ScriptRefused} `script-missing`, `script-outside-folder` */
async function placeScript(options: ClusterScriptOptions): Promise<ScriptPlace> {
  const { script, workingDirectory } = options;
  const path = resolve(workingDirectory, script);
  const folder = options.folder === undefined ? dirname(path) : resolve(workingDirectory, options.folder);
  const found = await stat(path).catch((cause: unknown) => {
    throw new ScriptRefused("script-missing", `${script} cannot be read: ${(cause as Error).message}`);
  });
  if (!found.isFile()) {
    throw new ScriptRefused("script-missing", `${script} is no file`, {
      help: "only the script's folder is sent to the cluster: name a Python file in it",
    });
  }
  if (!isInside(folder, path)) {
    throw new ScriptRefused(
      "script-outside-folder",
      `${script} is not in ${folder}, which is to be sent to the cluster`,
      { help: "name a folder that holds the script" },
    );
  }
  const directory = isInside(folder, workingDirectory) ? relative(folder, workingDirectory) : "";
  return { folder, directory, script: relative(resolve(folder, directory), path) || basename(path) };
}

function isInside(folder: string, path: string): boolean {
  const inner = relative(folder, path);
  return !isAbsolute(inner) && inner.split("/")[0] !== "..";
}
