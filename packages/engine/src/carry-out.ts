import { type Diagnostic, parseScript, type Span } from "@duet/mlsql";
import { RayError } from "@duet/ray";
import { SparkConnectError } from "@duet/spark-connect";
import { checkRun } from "./checks/check-run.ts";
import { LakeError } from "./lake/lake.ts";
import { offsetSpan } from "./line-span.ts";
import { Run } from "./run.ts";
import type { Outcome, RunEvent } from "./run-event.ts";
import type { RunScriptOptions } from "./run-options.ts";
import { runStatements } from "./run-statements.ts";
import { StepError } from "./step-error.ts";

/** Algorithm statements run on Ray; the engine is started for them while Spark works on what comes before. */
const RAY_STATEMENTS: ReadonlySet<string> = new Set(["train", "run", "predict", "register"]);

/** Does what `runScript` says. */
export async function* carryOutScript(options: RunScriptOptions): AsyncGenerator<RunEvent, void, undefined> {
  const left = new AbortController();
  const signal = options.signal === undefined ? left.signal : AbortSignal.any([options.signal, left.signal]);
  const run = new Run(options, signal);
  const done = carryOut(run);
  try {
    yield* run.events;
  } finally {
    left.abort(new Error("nobody reads the run's events any more"));
    await done;
  }
}

async function carryOut(run: Run): Promise<void> {
  const start = performance.now();
  run.emit({ type: "run-started", file: run.options.file });
  let outcome: Outcome;
  try {
    outcome = (await checkAndRun(run)) ? "succeeded" : "failed";
  } catch (error) {
    outcome = run.signal.aborted ? "cancelled" : "failed";
    if (!run.signal.aborted) tell(run, diagnosticsOf(run, error));
  }
  run.failed = outcome !== "succeeded";
  try {
    await run[Symbol.asyncDispose]();
  } catch (error) {
    if (outcome === "succeeded") outcome = "failed";
    tell(run, diagnosticsOf(run, error));
  }
  const engines = Object.fromEntries(run.engineTime);
  run.emit({ type: "run-finished", outcome, duration: performance.now() - start, engines });
  run.events.close();
}

/** Whether the script was free of mistakes and ran to its end. */
async function checkAndRun(run: Run): Promise<boolean> {
  const { file, text } = run.options;
  const parsed = parseScript(text, file);
  const found = await checkRun(run, parsed.script, parsed.diagnostics);
  tell(run, found);
  if (found.some((diagnostic) => diagnostic.severity === "error")) return false;
  if (parsed.script.statements.some((statement) => RAY_STATEMENTS.has(statement.kind))) {
    // What goes wrong here is told by the statement that needs Ray.
    run.ray().catch(() => undefined);
  }
  await runStatements(run, parsed.script);
  return true;
}

function tell(run: Run, diagnostics: readonly Diagnostic[]): void {
  for (const diagnostic of diagnostics) {
    run.emit({ type: "diagnostic", diagnostic, source: run.sources.get(diagnostic.span.file) ?? "" });
  }
}

/** What a failure means for the person who wrote the script. */
function diagnosticsOf(run: Run, error: unknown): readonly Diagnostic[] {
  if (error instanceof StepError) return error.diagnostics;
  if (error instanceof AggregateError) return error.errors.flatMap((item) => diagnosticsOf(run, item));
  const span: Span = run.currentSpan ?? offsetSpan(run.options.text, run.options.file, 0, 0);
  const code =
    error instanceof SparkConnectError || error instanceof RayError || error instanceof LakeError
      ? error.code
      : codeOf(error);
  const message =
    error instanceof SparkConnectError
      ? error.rawMessage
      : error instanceof Error
        ? error.message
        : String(error);
  const stack = code === "internal-error" && error instanceof Error ? `\n${error.stack ?? ""}` : "";
  return [{ code, severity: "error", message: `${message}${stack}`, span }];
}

/** Errors of embedded engines carry a `code` of their own; anything else is a bug of Duet and says so. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[a-z]+(?:-[a-z]+)*$/u.test(code) ? code : "internal-error";
}
