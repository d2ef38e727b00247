import type { AskedSpark, PythonScriptOptions } from "@duet/python-script";
import { EmbeddedEngines } from "../embedded/embedded-engines.ts";
import { duetHome, ensureHome, environmentPython, pythonPath } from "../embedded/installation.ts";
import { sizeOf } from "../embedded/ray-size.ts";
import type { RaySize, RayTarget } from "../embedded/targets.ts";
import type { Profile } from "../profiles/profile.ts";
import { ProfileEngines } from "../profiles/profile-engines.ts";
import { placeHere, RunRecorder } from "../runs/record-run.ts";
import { makeScriptView } from "../view/make-script-view.ts";
import { exitCode } from "./exit-code.ts";
import { Interruption } from "./interruption.ts";
import type { ScriptSparkTarget } from "./targets.ts";

/** The options of `duet run script.py`, read and checked. */
export interface ScriptCommandOptions extends RaySize {
  readonly file: string;
  readonly arguments: readonly string[];
  /** Left out: Sail, or a classic driver for a script that needs one. */
  readonly spark: ScriptSparkTarget | undefined;
  /** `profile`: the cluster of the profile, for a script that runs here. */
  readonly ray: RayTarget | { readonly kind: "profile" };
  readonly profile: Profile;
  /** The run's id, of one that `duet run -d` has started; else a new one. */
  readonly run: string | undefined;
  readonly environmentFile: string | undefined;
  readonly interpreter: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** A stopped script gets 3 s; engines that have not let go of its work a second later are ended. Milliseconds. */
const CANCEL_GRACE_MS = 4_000;

/** Runs a Python script as `python script.py …` would; gives its exit code. */
export async function scriptCommand(options: ScriptCommandOptions): Promise<number> {
  const home = duetHome();
  const installation = { python: environmentPython(".venv"), pythonPath, home };
  const [{ runPythonScript }, view] = await Promise.all([
    import("@duet/python-script"),
    makeScriptView(options),
    ensureHome(home),
  ]);
  const engines = makeEngines(options, home);
  using interruption = new Interruption({
    onFirst: (reason) => {
      if (reason.exitCode === exitCode.pipeClosed) return;
      view.note(`${reason.message}: stopping the script and its work … (once more to end at once)`);
    },
    onForce: () => {
      run.kill();
      engines.kill();
    },
  });
  const { signal } = interruption;
  signal.addEventListener("abort", () => setTimeout(() => void end(engines), CANCEL_GRACE_MS).unref());
  const run = runPythonScript({
    ...{ script: options.file, arguments: options.arguments, workingDirectory: process.cwd() },
    ...{ installation, engines, signal },
    ...sparkOf(options),
    ...lakeOf(options),
    ...(options.run === undefined ? {} : { run: options.run }),
    classic: async () => (await import("../embedded/classic.ts")).classicSpark(home),
    ...(options.environmentFile === undefined ? {} : { environmentFile: options.environmentFile }),
    ...(options.interpreter === undefined ? {} : { interpreter: options.interpreter }),
    stdin: "inherit",
    output: options.json ? "events" : "inherit",
    stopSignal: () => interruption.reason?.signal ?? "SIGINT",
  });
  const { file: script, arguments: parameters, profile } = options;
  const description = { run: run.id, script, arguments: parameters, profile: profile.name };
  const recorder = RunRecorder.begin(home, description, await placeHere(options.run !== undefined));
  // Looked at again at the end: a script does not wait for its record.
  recorder.catch(() => undefined);
  let code: number = exitCode.failed;
  try {
    for await (const event of run) {
      await view.show(event);
      if (event.type === "run-finished") await (await recorder).see(event);
      if (event.type === "run-finished") code = event.exitCode ?? code;
    }
    await view.close();
  } finally {
    await engines[Symbol.asyncDispose]();
  }
  return interruption.exitCode === exitCode.pipeClosed ? exitCode.pipeClosed : code;
}

/** Which Spark was asked for, in the script's words. */
function sparkOf({ spark }: ScriptCommandOptions): { spark?: AskedSpark } {
  return spark === undefined ? {} : { spark: spark.kind };
}

/** What Spark and Ray elsewhere can reach of this machine's files: the lake, where there is one. */
function lakeOf({ spark, ray, profile }: ScriptCommandOptions): Partial<PythonScriptOptions> {
  if (spark?.kind !== "remote" && ray.kind !== "profile") return {};
  return {
    lake: profile.lake === undefined ? "none" : { path: profile.lake },
    ...(ray.kind === "profile" ? { rayElsewhere: true } : {}),
  };
}

function makeEngines(options: ScriptCommandOptions, home: string): EmbeddedEngines | ProfileEngines {
  const { spark, ray, profile } = options;
  const shared = {
    home,
    // A classic driver is the script's own: the engines' Spark is not asked for.
    spark: spark === undefined || spark.kind === "classic" ? ({ kind: "sail" } as const) : spark,
    ...sizeOf(options),
  };
  return ray.kind === "profile"
    ? new ProfileEngines(profile, shared)
    : new EmbeddedEngines({ ...shared, ray });
}

/** The command waits for the same end, and tells what goes wrong with it. */
function end(engines: AsyncDisposable): Promise<void> {
  return Promise.resolve(engines[Symbol.asyncDispose]()).catch(() => undefined);
}
