import { execFile } from "node:child_process";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** The repository. */
export const root = join(import.meta.dirname, "../..");

/** Where benches put their data and results; git does not see it. */
export const workFolder = join(root, "bench/work");

/** Python with Sail, Ray, the stock Spark client and scikit-learn. */
export const python = join(root, ".venv/bin/python");

/** Python with Apache Spark. */
export const apachePython = join(root, ".venv-apache/bin/python");

/** The folder of the `duet` Python package. */
export const pythonPath = join(root, "python");

/** The file that runs the command line. */
export const duetCommand = join(root, "packages/duet/bin/duet.mjs");

/** What the figures were measured on, in one line. */
export async function describeMachine(): Promise<string> {
  const [first] = cpus();
  const versions = await pythonVersions(["pysail", "ray", "pyspark-client", "pyarrow"]);
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${String(cpus().length)} × ${first?.model ?? "CPU"}, ${String(memory)} GiB, Linux ${release()}, Node ${process.versions.node}, ${versions}`;
}

async function pythonVersions(packages: readonly string[]): Promise<string> {
  const program = `import importlib.metadata as m; print(", ".join(f"{p} {m.version(p)}" for p in ${JSON.stringify(packages)}))`;
  const { stdout } = await promisify(execFile)(python, ["-c", program]);
  return stdout.trim();
}
