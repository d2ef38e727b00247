import { resolve } from "node:path";
import type { EngineName, EventBody } from "@duet/engine";
import { analyseScript } from "./analysis/analyse-script.ts";
import { chooseSpark } from "./analysis/choose-spark.ts";
import type { ScriptAnalysis } from "./analysis/script-analysis.ts";
import { clusterRuntimeEnv } from "./environment/cluster-runtime-env.ts";
import { prepareScriptEnvironment } from "./environment/prepare-script-environment.ts";
import type { EnvironmentSource, ScriptEnvironment } from "./environment/script-environment.ts";
import type { ScriptEvents } from "./events/script-events.ts";
import { ScriptRefused } from "./script-refused.ts";
import type { ClassicInstallation, PythonScriptOptions } from "./script-options.ts";

/** What a script is started with. */
export interface PreparedScript {
  readonly python: string;
  readonly classic: ClassicInstallation | undefined;
  readonly runtimeEnv: Readonly<Record<string, unknown>> | undefined;
  readonly environment: Readonly<Record<string, string>>;
}

/** What {@link prepareScript} tells. */
export interface PreparationReport {
  readonly events: ScriptEvents;
  readonly emit: (event: EventBody) => void;
  /** An engine that the script will most likely need. */
  readonly foresee: (engine: "spark" | "ray") => void;
}

/**
 * Finds out what a script needs and makes it ready: its Spark and its Python. Engines are foreseen as soon as it is
 * known, so that they start while an environment is built.
 * @throws {ScriptRefused} and what the installation and the environment throw
 */
export async function prepareScript(
  options: PythonScriptOptions,
  analysis: ScriptAnalysis,
  report: PreparationReport,
  signal: AbortSignal,
): Promise<PreparedScript> {
  const choice = chooseSpark(analysis, options.spark);
  if (choice.kind === "impossible") {
    const { file, line } = choice.use;
    throw new ScriptRefused("classic-spark-needed", choice.message, { help: choice.help, file, line });
  }
  if (choice.note !== undefined) report.events.note(choice.note);
  if (!analysis.complete) {
    report.events.note("there are very many modules beside the script; not all were read for what they need");
  }
  const engines = analysis.engines.filter((engine) => engine === "ray" || choice.kind === "connect");
  for (const engine of engines) report.foresee(engine);
  const classic = choice.kind === "classic" ? await options.classic() : undefined;
  const environment = await makeEnvironment(options, analysis, classic, report, signal);
  const elsewhere = await workersElsewhere(options, analysis, signal);
  return {
    python: environment.python,
    classic,
    runtimeEnv: options.rayElsewhere === true ? elsewhere : environment.runtimeEnv,
    environment: {
      // Executors' Python is the driver's.
      ...(classic === undefined ? {} : { PYSPARK_PYTHON: environment.python }),
      ...environment.variables,
      ...options.environment,
    },
  };
}

/** Reads the script's syntax tree. */
export function analyse(options: PythonScriptOptions, signal: AbortSignal): Promise<ScriptAnalysis> {
  const { installation, script, workingDirectory } = options;
  const { python, pythonPath } = installation;
  return analyseScript({ python, pythonPath, script, workingDirectory, signal });
}

/** The environment of workers on other machines, where one is described: Ray builds it there. */
async function workersElsewhere(
  options: PythonScriptOptions,
  analysis: ScriptAnalysis,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { installation, environmentFile, rayElsewhere } = options;
  if (rayElsewhere !== true || (environmentFile === undefined && analysis.metadata.length === 0))
    return undefined;
  return clusterRuntimeEnv({ installation, source: sourceOf(options, analysis), signal });
}

function sourceOf(
  { script, workingDirectory, environmentFile }: PythonScriptOptions,
  { metadata }: ScriptAnalysis,
): EnvironmentSource {
  return {
    script: resolve(workingDirectory, script),
    metadata,
    ...(environmentFile === undefined ? {} : { environmentFile: resolve(workingDirectory, environmentFile) }),
  };
}

async function makeEnvironment(
  options: PythonScriptOptions,
  analysis: ScriptAnalysis,
  classic: ClassicInstallation | undefined,
  { events, emit }: PreparationReport,
  signal: AbortSignal,
): Promise<ScriptEnvironment> {
  const { installation, workingDirectory, interpreter } = options;
  let building: { readonly step: number; readonly began: number } | undefined;
  const finish = (outcome: "succeeded" | "failed" | "cancelled"): void => {
    if (building === undefined) return;
    const duration = performance.now() - building.began;
    const engines: Partial<Record<EngineName, number>> = { duet: duration };
    emit({ type: "step-finished", step: building.step, outcome, duration, engines });
  };
  try {
    const made = await prepareScriptEnvironment({
      installation,
      source: sourceOf(options, analysis),
      spark: classic === undefined ? "connect" : "classic",
      engines: analysis.engines,
      defaultPython: classic?.python ?? installation.python,
      ...(interpreter === undefined ? {} : { interpreter: resolve(workingDirectory, interpreter) }),
      onBuild: (title) => {
        building = { step: events.nextStep(), began: performance.now() };
        const { step } = building;
        emit({ type: "step-started", step, engine: "duet", kind: "environment", title, span: events.span });
      },
      onLine: (status) => {
        if (building !== undefined) emit({ type: "step-status", step: building.step, status });
      },
      onNote: (text) => {
        events.note(text);
      },
      signal,
    });
    finish("succeeded");
    return made;
  } catch (error) {
    finish(signal.aborted ? "cancelled" : "failed");
    throw error;
  }
}
