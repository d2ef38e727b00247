/**
 * Set-up: makes everything that Duet needs, and nothing that is there already.
 * Plain JavaScript on purpose: it runs on Node 20 with nothing installed.
 *
 *   node scripts/setup.mjs [--dev] [--apache] [--cluster]
 */
import { pathToFileURL } from "node:url";
import { endCommands } from "./lib/command.mjs";
import { checkDiskSpace } from "./lib/disk-space.mjs";
import { findJava } from "./lib/find-java.mjs";
import { findPython } from "./lib/find-python.mjs";
import { Problem } from "./lib/problem.mjs";
import { Progress } from "./lib/progress.mjs";
import { holdLock, releaseLock } from "./lib/set-up-lock.mjs";
import { hadoopJars, metastoreFiles } from "./steps/cluster-jars.mjs";
import { debianPackages } from "./steps/debian-packages.mjs";
import { executorArchive } from "./steps/executor-archive.mjs";
import { node } from "./steps/node.mjs";
import { npmPackages } from "./steps/npm-packages.mjs";
import { apacheEnvironment, executorEnvironment, pythonEnvironment } from "./steps/python-environment.mjs";
import { uv } from "./steps/uv.mjs";
import { wireCode } from "./steps/wire-code.mjs";

async function runSteps(steps, progress) {
  checkDiskSpace(steps.filter((step) => !step.done()).reduce((sum, step) => sum + step.space, 0));
  for (const [index, step] of steps.entries()) {
    if (step.done()) continue;
    progress.begin(index + 1, steps.length, step.title);
    try {
      progress.end((await step.run((line) => progress.detail(line))) ?? "done");
    } catch (error) {
      progress.abandon();
      throw error;
    }
  }
}

/**
 * Sets up what is missing. `dev` adds what the tests need, `apache` Apache Spark, `cluster` what `npm run cluster`
 * starts (HDFS, YARN, Hive's metastore, PostgreSQL) and Apache Spark with it.
 * Returns whether there was anything to do. Two set-ups at once wait for each other.
 * @throws {Problem}
 */
export async function setUp({ dev = false, apache = false, cluster = false } = {}) {
  const python = pythonEnvironment({ dev, cluster });
  const spark = apacheEnvironment();
  const steps = [
    ...(cluster ? [debianPackages(["maven", "jdk", "postgresql"])] : []),
    ...(dev && !cluster ? [debianPackages(["postgresql"])] : []),
    ...[npmPackages, node, uv, python, wireCode],
    ...(apache || cluster ? [spark] : []),
    ...(cluster ? [hadoopJars, metastoreFiles, executorEnvironment(), executorArchive] : []),
  ];
  if (steps.every((step) => step.done())) return false;
  const progress = new Progress();
  if (process.platform === "win32")
    throw new Problem("Duet does not run on Windows itself", {
      remedy: "use the Windows Subsystem for Linux",
    });
  // What only a person can bring is looked for first, before anything is downloaded.
  if (!uv.done() || !python.done()) await findPython();
  if (steps.includes(spark) && !spark.done()) {
    await findPython(11);
    if (!cluster) await findJava();
  }
  const interrupted = (signal) => {
    endCommands();
    releaseLock();
    progress.abandon();
    process.exit(signal === "SIGINT" ? 130 : 143);
  };
  process.on("SIGINT", interrupted);
  process.on("SIGTERM", interrupted);
  await holdLock((pid) =>
    progress.say(`Another set-up (process ${pid}) is at work in this checkout; waiting for it …`),
  );
  try {
    await runSteps(steps, progress);
  } finally {
    releaseLock();
    process.off("SIGINT", interrupted);
    process.off("SIGTERM", interrupted);
  }
  return true;
}

/** Runs a script's main function; a person's problem is printed as such, anything else is a bug of ours. */
export async function main(work) {
  try {
    process.exitCode = await work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    console.error(`\n${error.lines().join("\n")}`);
    process.exitCode = error.exitCode;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const known = ["--dev", "--apache", "--cluster"];
  await main(async () => {
    const unknown = process.argv.slice(2).find((argument) => !known.includes(argument));
    if (unknown)
      throw new Problem(`unknown argument ${unknown}`, { remedy: `use ${known.join(", ")}`, exitCode: 2 });
    const started = Date.now();
    const worked = await setUp({
      dev: process.argv.includes("--dev"),
      apache: process.argv.includes("--apache"),
      cluster: process.argv.includes("--cluster"),
    });
    console.error(
      worked ? `Set up in ${Math.round((Date.now() - started) / 1000)} s.` : "Everything is set up.",
    );
    return 0;
  });
}
