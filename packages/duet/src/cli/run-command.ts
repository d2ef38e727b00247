import type { RunEvent } from "@duet/engine";
import { EmbeddedEngines } from "../embedded/embedded-engines.ts";
import { duetHome, ensureHome, environmentPython, pythonPath } from "../embedded/installation.ts";
import { sizeOf } from "../embedded/ray-size.ts";
import type { RaySize, RayTarget, SparkTarget } from "../embedded/targets.ts";
import { placeHere, RunRecorder } from "../runs/record-run.ts";
import type { View } from "../view/view.ts";
import { exitCode } from "./exit-code.ts";
import { Interruption } from "./interruption.ts";
import { printError } from "./print-error.ts";
import { readScript } from "./read-script.ts";

/** The options of `duet run`, read and checked. */
export interface RunCommandOptions extends RaySize {
  readonly file: string | undefined;
  readonly expression: string | undefined;
  /** The profile's name. */
  readonly profile: string;
  readonly spark: SparkTarget;
  readonly ray: RayTarget;
  readonly variables: Readonly<Record<string, string>>;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** How long a run's own engines get to stop their work after Ctrl-C. Milliseconds. */
const CANCEL_GRACE_MS = 2_500;

/** Runs a script and shows it; gives the exit code. */
export async function runCommand(options: RunCommandOptions): Promise<number> {
  const script = await readScript(options.file, options.expression);
  const python = environmentPython(".venv");
  const home = duetHome();
  await ensureHome(home);
  const { spark, ray } = options;
  const engines = new EmbeddedEngines({ home, spark, ray, ...sizeOf(options) });
  let view: View | undefined;
  using interruption = new Interruption({
    onFirst: (reason) => {
      if (reason.exitCode === exitCode.pipeClosed) return;
      view?.note(`${reason.message}: stopping Spark's and Ray's work … (once more to end at once)`);
    },
    onForce: () => {
      engines.kill();
    },
  });
  const { signal } = interruption;
  endEnginesAfterGrace(engines, signal);
  const result = new RunResult();
  try {
    // Sail starts while our own code is still being loaded.
    if (spark.kind === "sail") await engines.prepare();
    const [{ runScript }, shown] = await Promise.all([import("@duet/engine"), makeView(options)]);
    view = shown;
    const run = runScript({
      ...{ ...script, engines, home, python, pythonPath, signal },
      workingDirectory: process.cwd(),
      variables: options.variables,
    });
    let recorder: RunRecorder | undefined;
    for await (const event of run) {
      result.see(event);
      recorder ??= await recordRun(home, event.run, options);
      await recorder.see(event);
      await view.show(event);
    }
    await view.close();
  } finally {
    await engines[Symbol.asyncDispose]();
  }
  if (result.outcome === "failed" && engines.failure !== undefined) printError(engines.failure);
  if (interruption.exitCode !== undefined) return interruption.exitCode;
  return result.exitCode(engines.failure !== undefined);
}

async function recordRun(home: string, run: string, options: RunCommandOptions): Promise<RunRecorder> {
  const script = options.file ?? "-e";
  const description = { run, script, arguments: [], profile: options.profile };
  return await RunRecorder.begin(home, description, await placeHere(false));
}

/**
 * A Sail that computes with all its threads may leave an interrupt unanswered for long. Engines of our own that have
 * not let go of their work in time are ended under it; the run then comes to its end by itself.
 */
function endEnginesAfterGrace(engines: EmbeddedEngines, signal: AbortSignal): void {
  const end = (): void => {
    // The command waits for the same end, and tells what goes wrong with it.
    engines[Symbol.asyncDispose]().catch(() => undefined);
  };
  signal.addEventListener("abort", () => setTimeout(end, CANCEL_GRACE_MS).unref(), { once: true });
}

async function makeView(options: RunCommandOptions): Promise<View> {
  const { stdout, stderr } = process;
  if (options.json) return new (await import("../view/json-view.ts")).JsonView(stdout, stderr);
  const { TerminalView } = await import("../view/terminal-view.ts");
  const streams = { out: stdout, err: stderr, quiet: options.quiet };
  if (options.quiet || !stderr.isTTY || process.env.TERM === "dumb") return new TerminalView(streams);
  const { createLogUpdate } = await import("log-update");
  return new TerminalView({ ...streams, live: createLogUpdate(stderr) });
}

/** Collects from a run's events how it ended. */
class RunResult {
  outcome: "succeeded" | "failed" | "cancelled" | undefined;
  #began = false;

  see(event: RunEvent): void {
    if (event.type === "step-started") this.#began = true;
    if (event.type === "run-finished") this.outcome = event.outcome;
  }

  exitCode(engineFailed: boolean): number {
    if (this.outcome === "succeeded") return exitCode.succeeded;
    if (engineFailed) return exitCode.engine;
    return this.#began ? exitCode.failed : exitCode.mistakes;
  }
}
