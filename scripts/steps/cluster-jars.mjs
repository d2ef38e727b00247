import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { run } from "../lib/command.mjs";
import { inRoot, root } from "../lib/paths.mjs";
import { explainInstall, Problem } from "../lib/problem.mjs";
import { hashOf, readStamp, removeStamp, writeStamp } from "../lib/stamp.mjs";

/** Copies what a pom depends on into a folder, checking what Maven downloads against its registry's checksums. */
async function copyDependencies(pom, folder, report) {
  try {
    await run(
      "mvn",
      [
        ...["--batch-mode", "--strict-checksums", "--no-transfer-progress", "--file", inRoot(pom)],
        ...["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${folder}`],
      ],
      { onLine: (line) => report(line.replace(/^\[INFO\] /, "")) },
    );
  } catch (failure) {
    failure.lines = failure.lines.filter((line) => line.startsWith("[ERROR]"));
    throw explainInstall(`fetching the jars of ${pom}`, "Maven Central", failure);
  }
}

/** A step that makes `folder`, whole or not at all, from `inputs` (paths from the root). */
function madeFolder({ title, name, folder, space, inputs, make }) {
  const target = inRoot(folder);
  const hash = () => hashOf(inputs, [root]);
  return {
    title,
    space,
    done: () => readStamp(name)?.hash === hash() && existsSync(target),
    async run(report) {
      removeStamp(name);
      const partial = `${target}.partial`;
      for (const old of [partial, target]) rmSync(old, { recursive: true, force: true });
      mkdirSync(partial, { recursive: true });
      await make(partial, report);
      renameSync(partial, target);
      writeStamp(name, { hash: hash() });
    },
  };
}

const hadoopPom = "deploy/yarn/hadoop/pom.xml";

/** `.cluster/hadoop`: the jars of HDFS's and YARN's daemons. */
export const hadoopJars = madeFolder({
  title: "Hadoop",
  name: "cluster-hadoop",
  folder: ".cluster/hadoop",
  space: 250,
  inputs: [hadoopPom],
  make: (folder, report) => copyDependencies(hadoopPom, folder, report),
});

const metastorePom = "deploy/yarn/metastore/pom.xml";
const metastoreSource = "deploy/yarn/metastore/LoopbackMetastore.java";
const scripts = "scripts/metastore/upgrade/postgres";

/** The jars of `.venv-apache`'s PySpark, Hive's metastore among them. */
function sparkJars() {
  const libraries = inRoot(".venv-apache/lib");
  const python = readdirSync(libraries).find((name) => name.startsWith("python"));
  return inRoot(".venv-apache/lib", python ?? "python3", "site-packages/pyspark/jars");
}

/** `.cluster/metastore`: what Hive's metastore needs beside PySpark's jars (`lib`, `classes`), and its `schema`. */
export const metastoreFiles = madeFolder({
  title: "Hive's metastore",
  name: "cluster-metastore",
  folder: ".cluster/metastore",
  space: 60,
  inputs: [metastorePom, metastoreSource, "python/requirements-apache.lock"],
  async make(folder, report) {
    const fetched = `${folder}/fetched`;
    await copyDependencies(metastorePom, fetched, report);
    const files = readdirSync(fetched);
    const archive = files.find((name) => name.endsWith(".tar.gz"));
    mkdirSync(`${folder}/lib`);
    mkdirSync(`${folder}/schema`);
    for (const jar of files.filter((name) => name.endsWith(".jar")))
      renameSync(`${fetched}/${jar}`, `${folder}/lib/${jar}`);
    try {
      await run("tar", [
        ...["--extract", "--gzip", "--file", `${fetched}/${archive}`, "--directory", `${folder}/schema`],
        ...["--wildcards", "--strip-components=5", `*/${scripts}/*`],
      ]);
      await run("javac", ["-d", `${folder}/classes`, "-cp", `${sparkJars()}/*`, inRoot(metastoreSource)]);
    } catch (failure) {
      throw new Problem(`making Hive's metastore failed (${failure.reason})`, {
        details: failure.lines.slice(-10),
        remedy: "the lines above are the tool's own; mend what they name and run the same command again",
        cause: failure,
      });
    }
    rmSync(fetched, { recursive: true });
  },
});
