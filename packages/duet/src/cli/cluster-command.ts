import type { ScriptCluster, ScriptSpark } from "@duet/python-script";
import { duetHome, ensureHome, environmentPython, pythonPath } from "../embedded/installation.ts";
import type { Profile } from "../profiles/profile.ts";
import { sparkConnectUrl } from "../profiles/profile.ts";
import { RunRecorder } from "../runs/record-run.ts";
import { makeScriptView } from "../view/make-script-view.ts";
import { exitCode } from "./exit-code.ts";
import { Interruption } from "./interruption.ts";
import { writeOutput } from "./write-output.ts";

/** The options of `duet run script.py` with the profile of a Ray cluster. */
export interface ClusterCommandOptions {
  readonly file: string;
  readonly arguments: readonly string[];
  /** Its `ray.jobs` is there. */
  readonly profile: Profile;
  readonly environmentFile: string | undefined;
  /** What is sent along; left out: the script's folder. */
  readonly folder: string | undefined;
  /** Gives the run's id as soon as the cluster has taken it. */
  readonly detach: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** A Spark that does not answer here in this time is left for the cluster to reach. Milliseconds. */
const SPARK_PATIENCE_MS = 3_000;

/**
 * Runs a Python script as a Ray job on a profile's cluster; gives its exit code. Ctrl-C stops the job; a terminal that
 * is closed leaves it running, as does a lost connection.
 */
export async function clusterCommand(options: ClusterCommandOptions): Promise<number> {
  const home = duetHome();
  const installation = { python: environmentPython(".venv"), pythonPath, home };
  const [{ runOnCluster }, view] = await Promise.all([
    import("@duet/python-script"),
    makeScriptView(options),
    ensureHome(home),
  ]);
  const stop = new AbortController();
  const leave = new AbortController();
  using interruption = new Interruption({
    onFirst: (reason) => {
      if (reason.signal === "SIGHUP" || reason.exitCode === exitCode.pipeClosed) {
        leave.abort(reason);
        return;
      }
      view.note(`${reason.message}: stopping the job … (once more to leave it alone)`);
      stop.abort(reason);
    },
    onForce: () => undefined,
  });
  const { file, folder, environmentFile, detach, json } = options;
  const cluster = await scriptCluster(options.profile, interruption.signal);
  const run = runOnCluster({
    ...{ script: file, arguments: options.arguments, workingDirectory: process.cwd() },
    ...{ cluster, installation, detach, signal: stop.signal, leave: leave.signal },
    ...(folder === undefined ? {} : { folder }),
    ...(environmentFile === undefined ? {} : { environmentFile }),
    ...(json ? {} : { onOutput: writeOutput }),
  });
  const description = { run: run.id, script: file, arguments: options.arguments, profile: cluster.profile };
  const place = { kind: "cluster", jobs: cluster.jobs.url } as const;
  const recorder = await RunRecorder.begin(home, description, place);
  let code: number | undefined;
  let failed = false;
  for await (const event of run) {
    await view.show(event);
    await recorder.see(event);
    if (event.type === "run-finished") code = event.exitCode;
    if (event.type === "diagnostic") failed = true;
  }
  await view.close();
  if (code !== undefined) return code;
  if (leave.signal.aborted) return interruption.exitCode ?? exitCode.failed;
  if (failed) return exitCode.engine;
  process.stdout.write(`${run.id}\n`);
  return exitCode.succeeded;
}

/** A profile's cluster as a script's run takes it. */
async function scriptCluster(profile: Profile, signal: AbortSignal): Promise<ScriptCluster> {
  const { ray, lake } = profile;
  if (ray?.jobs === undefined) throw new Error(`the profile ${profile.name} has no cluster for scripts`);
  const spark = await clusterSpark(profile, signal);
  return {
    profile: profile.name,
    jobs: { url: ray.jobs, ...(ray.token === undefined ? {} : { token: ray.token }) },
    ...(spark === undefined ? {} : { spark }),
    ...(lake === undefined ? {} : { lake }),
    ...(ray.python === undefined ? {} : { python: ray.python }),
    ...(ray.pyspark === undefined ? {} : { pyspark: ray.pyspark }),
  };
}

/** Which Spark stands behind the profile's address. One that only the cluster reaches is most likely Apache's. */
async function clusterSpark({ spark }: Profile, signal: AbortSignal): Promise<ScriptSpark | undefined> {
  if (spark.kind !== "remote") return undefined;
  const { url, token } = spark;
  const { describeSpark } = await import("../embedded/spark-call.ts");
  const patience = AbortSignal.any([signal, AbortSignal.timeout(SPARK_PATIENCE_MS)]);
  const found = await describeSpark(sparkConnectUrl(spark), patience).catch(() => undefined);
  signal.throwIfAborted();
  return { kind: found?.kind ?? "apache", url, ...(token === undefined ? {} : { token }) };
}
