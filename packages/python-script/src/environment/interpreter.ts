import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { ClusterVersions, ScriptEnvironment } from "./script-environment.ts";
import { minorOf } from "./installed-versions.ts";
import { ScriptEnvironmentError } from "./script-environment-error.ts";

/** What a script will need of the interpreter that its user has chosen. */
export interface InterpreterNeeds {
  readonly engines: readonly ("spark" | "ray")[];
  readonly spark: "connect" | "classic";
  /** The Ray cluster's versions. */
  readonly cluster: ClusterVersions;
  /** Duet's own PySpark, as a requirement: `pyspark-client==4.2.0`. */
  readonly pyspark: string;
}

const PROBE = `
import json, platform, sys
from importlib import metadata
def version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
names = ("ray", "pyspark", "pyspark-client", "pyarrow")
print(json.dumps({"executable": sys.executable, "implementation": platform.python_implementation(),
    "python": platform.python_version(), "packages": {name: version(name) for name in names}}))
`;

/** Of what an interpreter says when it fails. Characters. */
const MOST_TOLD = 200;

interface Probe {
  readonly executable: string;
  readonly implementation: string;
  readonly python: string;
  readonly packages: Readonly<Record<string, string | null>>;
}

/**
 * Looks at an interpreter in one short process, and says how the script runs in it.
 * @throws {ScriptEnvironmentError} `python-missing`, or `python-unfit` with what to install.
 */
export async function checkInterpreter(
  python: string,
  needs: InterpreterNeeds,
  signal?: AbortSignal,
): Promise<ScriptEnvironment> {
  const probe = await ask(python, signal);
  const { cluster } = needs;
  const unfit = (message: string, help: string): ScriptEnvironmentError =>
    new ScriptEnvironmentError({ code: "python-unfit", message: `${python} ${message}`, help });
  const wanted = minorOf(cluster.python);
  if (probe.implementation !== "CPython" || minorOf(probe.python) !== wanted) {
    throw unfit(
      `is ${probe.implementation} ${probe.python}, and the Ray cluster runs CPython ${wanted}: a driver and its tasks have one Python version`,
      `give a Python ${wanted}, or describe the packages with --env FILE and let Duet build the environment`,
    );
  }
  const missing = lacking(probe.packages, needs);
  if (missing.length > 0) {
    throw unfit(
      missing.map(({ problem }) => problem).join("; "),
      `run \`${python} -m pip install ${missing.map(({ install }) => `"${install}"`).join(" ")}\``,
    );
  }
  return {
    python: probe.executable,
    runtimeEnv: { py_executable: probe.executable },
    // Ray refuses another patch version by default, although its pickles are the same within a minor version.
    ...(probe.python === cluster.python
      ? {}
      : { variables: { RAY_DEFAULT_PYTHON_VERSION_MATCH_LEVEL: "minor" } }),
  };
}

function lacking(
  packages: Probe["packages"],
  needs: InterpreterNeeds,
): readonly { readonly problem: string; readonly install: string }[] {
  const found: { readonly problem: string; readonly install: string }[] = [];
  if (needs.engines.includes("ray") && packages.ray !== needs.cluster.ray) {
    const has = packages.ray ?? undefined;
    found.push({
      problem:
        has === undefined
          ? "has no Ray"
          : `has Ray ${has}, and the cluster runs ${needs.cluster.ray}: a driver and its cluster have one version`,
      install: `ray==${needs.cluster.ray}`,
    });
  }
  if (needs.engines.includes("spark")) {
    // A classic driver needs the jars, which only the package pyspark has.
    const version =
      needs.spark === "classic" ? packages.pyspark : (packages["pyspark-client"] ?? packages.pyspark);
    if (version?.startsWith("4.") !== true) {
      found.push({
        problem: version == null ? "has no PySpark" : `has PySpark ${version}, and Duet needs PySpark 4`,
        install: needs.pyspark,
      });
    }
  }
  if (needs.engines.length > 0 && packages.pyarrow == null)
    found.push({ problem: "has no pyarrow", install: "pyarrow<25" });
  return found;
}

async function ask(python: string, signal: AbortSignal | undefined): Promise<Probe> {
  try {
    const { stdout } = await promisify(execFile)(python, ["-c", PROBE], {
      timeout: 20_000,
      ...(signal === undefined ? {} : { signal }),
    });
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Probe;
  } catch (cause) {
    signal?.throwIfAborted();
    const { code, stderr = "" } = cause as { code?: unknown; stderr?: string };
    const last = (stderr.trim().split("\n").at(-1) ?? "").slice(0, MOST_TOLD);
    throw new ScriptEnvironmentError({
      code: "python-missing",
      message:
        code === "ENOENT"
          ? `there is no Python at ${python}`
          : `${python} does not answer as a Python does${last === "" ? "" : `: ${last}`}`,
      help: "name the Python of a virtual environment, for instance --python .venv/bin/python",
      cause,
    });
  }
}
