import { readdirSync } from "node:fs";
import { join } from "node:path";
import { environmentDirectory, type PythonEnvironment } from "./installation.ts";

/** The directory of an importable Python package in one of set-up's environments; `undefined` where it is not installed. */
export function packageDirectory(environment: PythonEnvironment, name: string): string | undefined {
  return packageFolder(environmentDirectory(environment), name);
}

/** As {@link packageDirectory}, in the environment of a folder. */
export function packageFolder(environment: string, name: string): string | undefined {
  const library = join(environment, "lib");
  return readNames(library)
    .map((python) => join(library, python, "site-packages", name))
    .find((directory) => readNames(directory).length > 0);
}

/** The version of a Python package in an environment, read from its metadata's name without starting Python. */
export function packageVersion(environment: PythonEnvironment, name: string): string | undefined {
  const library = join(environmentDirectory(environment), "lib");
  const pattern = new RegExp(`^${name.replaceAll("-", "[-_]")}-(.+)\\.dist-info$`, "iu");
  for (const python of readNames(library)) {
    for (const entry of readNames(join(library, python, "site-packages"))) {
      const version = pattern.exec(entry)?.[1];
      if (version !== undefined) return version;
    }
  }
  return undefined;
}

function readNames(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}
