import { duetHome, ensureHome, environmentPython, pythonPath } from "../embedded/installation.ts";
import type { Profile } from "../profiles/profile.ts";
import { scriptCluster } from "../profiles/script-cluster.ts";
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
