import type { AskedSpark } from "@duet/python-script";
import { EmbeddedEngines } from "../embedded/embedded-engines.ts";
import { duetHome, ensureHome, environmentPython, pythonPath } from "../embedded/installation.ts";
import type { RayTarget, SparkTarget } from "../embedded/targets.ts";
import { makeScriptView } from "../view/make-script-view.ts";
import { exitCode } from "./exit-code.ts";
import { Interruption } from "./interruption.ts";

/** The options of `duet run script.py`, read and checked. */
export interface ScriptCommandOptions {
  readonly file: string;
  readonly arguments: readonly string[];
  /** Left out: Sail, or a classic driver for a script that needs one. */
  readonly spark: SparkTarget | { readonly kind: "classic" } | undefined;
  readonly ray: RayTarget;
  readonly cpus?: number;
  readonly gpus?: number;
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
  const engines = new EmbeddedEngines({ home, ...targetsOf(options) });
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
    classic: async () => (await import("../embedded/classic.ts")).classicSpark(home),
    ...(options.environmentFile === undefined ? {} : { environmentFile: options.environmentFile }),
    ...(options.interpreter === undefined ? {} : { interpreter: options.interpreter }),
    stdin: "inherit",
    output: options.json ? "events" : "inherit",
    stopSignal: () => interruption.reason?.signal ?? "SIGINT",
  });
  let code: number = exitCode.failed;
  try {
    for await (const event of run) {
      await view.show(event);
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

function targetsOf({ spark, ray, cpus, gpus }: ScriptCommandOptions): {
  spark: SparkTarget;
  ray: RayTarget;
  cpus?: number;
  gpus?: number;
} {
  return {
    // A classic driver is the script's own: the engines' Spark is not asked for.
    spark: spark === undefined || spark.kind === "classic" ? { kind: "sail" } : spark,
    ray,
    ...(cpus === undefined ? {} : { cpus }),
    ...(gpus === undefined ? {} : { gpus }),
  };
}

/** The command waits for the same end, and tells what goes wrong with it. */
function end(engines: EmbeddedEngines): Promise<void> {
  return engines[Symbol.asyncDispose]().catch(() => undefined);
}
