import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { duetHome, environmentPython, type PythonEnvironment } from "../embedded/installation.ts";
import { findJava } from "../embedded/java.ts";
import { packageVersion } from "../embedded/package-version.ts";
import { listEnvironments, sizeOf } from "../environments/built-environments.ts";
import { formatBytes, plural } from "../view/format.ts";
import type { Check } from "./finding.ts";

/** The optional engine: what it lacks is worth a warning, not a problem. */
const APACHE_HELP = "only for --spark apache and for scripts that use RDDs: run `npm run setup -- --apache`";

/** `like`: an environment whose Ray's and Python's versions this one must have, to work on the same cluster. */
function environment(
  name: PythonEnvironment,
  title: string,
  packages: readonly string[],
  like?: PythonEnvironment,
): Check {
  return {
    name: title,
    async look() {
      let python: string;
      try {
        python = environmentPython(name);
      } catch (error) {
        if (name === ".venv") throw error;
        return { state: "warning", detail: "not there", help: APACHE_HELP };
      }
      const version = await pythonVersion(python);
      const versions = packages.map((item) => ({ item, version: packageVersion(name, item) }));
      const missing = versions.filter(({ version }) => version === undefined).map(({ item }) => item);
      if (missing.length > 0) {
        const help = `run \`npm run setup${name === ".venv" ? "" : " -- --apache"}\`; it mends a half-made environment`;
        return { state: "problem", detail: `${missing.join(", ")} missing in ${name}`, help };
      }
      const differs = like === undefined ? undefined : await difference(name, version, like);
      if (differs !== undefined) {
        const help = `scripts that use RDDs cannot use Ray so: remove ${name} and ${like ?? ""}, and run \`npm run setup -- --apache\``;
        return { state: "warning", detail: differs, help };
      }
      const list = versions.map(({ item, version }) => `${item} ${version ?? ""}`).join(", ");
      return { state: "ok", detail: `Python ${version}, ${list}` };
    },
  };
}

async function pythonVersion(python: string): Promise<string> {
  const program = "import platform; print(platform.python_version())";
  return (await promisify(execFile)(python, ["-I", "-c", program])).stdout.trim();
}

/** What keeps an environment's Python from being a driver of the Ray of another one. */
async function difference(
  name: PythonEnvironment,
  version: string,
  like: PythonEnvironment,
): Promise<string | undefined> {
  const [ray, cluster] = [packageVersion(name, "ray"), packageVersion(like, "ray")];
  if (ray !== cluster) return `${name} has Ray ${ray ?? ""}, and ${like} ${cluster ?? ""}`;
  const other = await pythonVersion(environmentPython(like));
  const minor = (full: string): string => full.split(".").slice(0, 2).join(".");
  return minor(version) === minor(other) ? undefined : `${name} has Python ${version}, and ${like} ${other}`;
}

const builtEnvironments: Check = {
  name: "built environments",
  async look() {
    const environments = await listEnvironments(duetHome());
    if (environments.length === 0) return { state: "ok", detail: "none yet" };
    const bytes = await sizeOf(environments.map(({ folder }) => folder));
    return { state: "ok", detail: `${plural(environments.length, "environment")}, ${formatBytes(bytes)}` };
  },
};

const java: Check = {
  name: "Java",
  async look() {
    try {
      const { command, version } = await findJava();
      return { state: "ok", detail: `${version} (${command})` };
    } catch (error) {
      const { message, help } = error as Error & { help?: string };
      return { state: "warning", detail: message, help: help ?? APACHE_HELP };
    }
  },
};

/** Looks at what set-up has installed; starts nothing but Python and Java for their versions. */
export const softwareChecks = (): readonly Check[] => [
  environment(".venv", "Python environment", [
    ...["pysail", "ray", "pyspark-client", "pyarrow", "pandas", "polars", "scikit-learn"],
  ]),
  environment(".venv-apache", "Apache Spark", ["pyspark", "ray", "scikit-learn"], ".venv"),
  builtEnvironments,
  java,
];
