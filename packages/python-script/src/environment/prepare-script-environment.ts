import { findSource } from "./environment-source.ts";
import { requestEnvironment } from "./environment-process.ts";
import { installedVersions, pysparkRequirement } from "./installed-versions.ts";
import { checkInterpreter } from "./interpreter.ts";
import { keyOf, recall, remember } from "./known-environments.ts";
import type { EnvironmentRequest, ScriptEnvironment } from "./script-environment.ts";

/** What `prepareScriptEnvironment` is told. */
export interface PrepareEnvironmentOptions extends EnvironmentRequest {
  /** The Python of scripts that describe no environment: that of `.venv`, or `.venv-apache` for a classic driver. */
  readonly defaultPython: string;
  /** The path of the user's own interpreter (`--python`), which is checked; then no description counts. */
  readonly interpreter?: string;
  /** The engines that the script uses: what its own interpreter must have packages for. By default both. */
  readonly engines?: readonly ("spark" | "ray")[];
}

/**
 * Gives the Python that a script runs with on this machine: of an environment built by content with the described
 * packages and Duet's own Ray and PySpark, the user's own interpreter, or the default one where nothing is described.
 * An environment that is there already is found in a few milliseconds, without starting a process.
 * @throws {ScriptEnvironmentError}
 */
export async function prepareScriptEnvironment(
  options: PrepareEnvironmentOptions,
): Promise<ScriptEnvironment> {
  if (options.interpreter !== undefined) return checkGiven(options.interpreter, options);
  const found = await findSource(options.source);
  if (found === undefined) return { python: options.defaultPython };
  const { home } = options.installation;
  const key = await keyOf(options, found);
  const known = await recall(home, key);
  if (known !== undefined) {
    for (const note of known.notes) options.onNote?.(note);
    return environmentOf(known.python, options.defaultPython);
  }
  const notes: string[] = [];
  const answer = await requestEnvironment(
    {
      ...options,
      onNote: (note) => {
        notes.push(note);
        options.onNote?.(note);
      },
    },
    found.spec,
    "here",
  );
  const python = answer.python ?? null;
  const files = answer.files ?? [];
  if (answer.lasting === true) await remember(home, key, { python, files, notes });
  return environmentOf(python, options.defaultPython);
}

async function checkGiven(
  interpreter: string,
  options: PrepareEnvironmentOptions,
): Promise<ScriptEnvironment> {
  const { installation, spark = "connect", engines = ["spark", "ray"] } = options;
  const cluster = options.cluster ?? (await installedVersions(installation));
  const pyspark = await pysparkRequirement(installation, spark);
  return checkInterpreter(interpreter, { engines, spark, cluster, pyspark }, options.signal);
}

function environmentOf(python: string | null, defaultPython: string): ScriptEnvironment {
  return python === null ? { python: defaultPython } : { python, runtimeEnv: { py_executable: python } };
}
