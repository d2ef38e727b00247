import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { EngineStartError } from "./engine-start-error.ts";

/** The checkout that this file belongs to; set-up puts Node packages and Python environments into it. */
const installationDirectory = resolve(import.meta.dirname, "../../../..");

/** The directory with the `duet` Python package, for `PYTHONPATH`. */
export const pythonPath = join(installationDirectory, "python");

/** The two Python environments that set-up makes: for Sail, Ray and user code; for Apache Spark. */
export type PythonEnvironment = ".venv" | ".venv-apache";

/** The directory of a Python environment, whether or not it is there. */
export const environmentDirectory = (name: PythonEnvironment): string => join(installationDirectory, name);

/** The Python of an environment. @throws {EngineStartError} `not-set-up` when set-up has not made it. */
export function environmentPython(name: PythonEnvironment): string {
  const python = join(environmentDirectory(name), "bin", "python");
  if (existsSync(python)) return python;
  throw new EngineStartError({
    code: "not-set-up",
    message:
      name === ".venv"
        ? "the Python environment with Sail and Ray is not there"
        : "the Python environment with Apache Spark is not there",
    help: `run \`npm run setup${name === ".venv" ? "" : " -- --apache"}\` in ${installationDirectory}`,
  });
}

/** `$DUET_HOME`, by default `~/.duet`: tables, catalogue, environments, warm engines, temporary files of runs. */
export function duetHome(): string {
  return resolve(process.env.DUET_HOME ?? join(homedir(), ".duet"));
}
