import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { environmentPython, type PythonEnvironment } from "../embedded/installation.ts";
import { findJava } from "../embedded/java.ts";
import { packageVersion } from "../embedded/package-version.ts";
import type { Check } from "./finding.ts";

/** The optional engine: what it lacks is worth a warning, not a problem. */
const APACHE_HELP = "only for --spark apache: run `npm run setup -- --apache`";

function environment(name: PythonEnvironment, title: string, packages: readonly string[]): Check {
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
      const { stdout } = await promisify(execFile)(python, [
        "-I",
        "-c",
        "import platform; print(platform.python_version())",
      ]);
      const versions = packages.map((item) => ({ item, version: packageVersion(name, item) }));
      const missing = versions.filter(({ version }) => version === undefined).map(({ item }) => item);
      if (missing.length > 0) {
        const help = `run \`npm run setup${name === ".venv" ? "" : " -- --apache"}\`; it mends a half-made environment`;
        return { state: "problem", detail: `${missing.join(", ")} missing in ${name}`, help };
      }
      const list = versions.map(({ item, version }) => `${item} ${version ?? ""}`).join(", ");
      return { state: "ok", detail: `Python ${stdout.trim()}, ${list}` };
    },
  };
}

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
  environment(".venv", "Python environment", ["pysail", "ray", "pyarrow", "pandas", "scikit-learn"]),
  environment(".venv-apache", "Apache Spark", ["pyspark"]),
  java,
];
