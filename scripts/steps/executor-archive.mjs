import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { run } from "../lib/command.mjs";
import { inRoot, root } from "../lib/paths.mjs";
import { Problem } from "../lib/problem.mjs";
import { hashOf, readStamp, removeStamp, writeStamp } from "../lib/stamp.mjs";

const environment = ".venv-executor";
const file = ".cluster/executor-python.tar.gz";
const name = "cluster-executor-python";
const hash = () =>
  hashOf(["python/requirements-executor.lock", "scripts/steps/executor-archive.mjs"], [root]);

/** Most of PySpark's package is the driver's Java; and nobody tests or compiles on an executor. */
const leftOut = [
  "site-packages/pyspark/jars",
  "site-packages/pyspark/examples",
  "site-packages/pyarrow/include",
  "site-packages/ray/dashboard/client",
  "site-packages/ray/rllib",
  "site-packages/*/tests",
  "__pycache__",
];

/** `.cluster/executor-python.tar.gz`: `.venv-executor`, packed for `spark.archives`. */
export const executorArchive = {
  title: "archive of the executors' Python",
  space: 300,
  done: () => readStamp(name)?.hash === hash() && existsSync(inRoot(file)),
  async run(report) {
    removeStamp(name);
    mkdirSync(inRoot(".cluster"), { recursive: true });
    const partial = inRoot(`${file}.partial`);
    rmSync(partial, { force: true });
    report("packing");
    try {
      await run("tar", [
        ...["--create", "--file", partial, "--use-compress-program", "gzip -1"],
        ...leftOut.map((pattern) => `--exclude=${pattern}`),
        ...["--directory", inRoot(environment), ...readdirSync(inRoot(environment))],
      ]);
    } catch (failure) {
      throw new Problem(`packing the executors' Python failed (${failure.reason})`, {
        details: failure.lines.slice(-10),
        remedy: "the lines above are tar's own; mend what they name and run the same command again",
        cause: failure,
      });
    }
    renameSync(partial, inRoot(file));
    writeStamp(name, { hash: hash() });
  },
};
