import { existsSync } from "node:fs";
import { access, constants, mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { EngineStartError } from "./engine-start-error.ts";

/** The checkout that this file belongs to; set-up puts Node packages and Python environments into it. */
export const installationDirectory = resolve(import.meta.dirname, "../../../..");

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

/** Makes sure that a `$DUET_HOME` is there and can be written. @throws {EngineStartError} `home-unusable` */
export async function ensureHome(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
    await access(home, constants.W_OK);
  } catch (cause) {
    throw new EngineStartError({
      code: "home-unusable",
      message: `${home} cannot be used for tables and temporary files: ${(cause as Error).message}`,
      help: "set DUET_HOME to a folder that you may write",
      cause,
    });
  }
}
