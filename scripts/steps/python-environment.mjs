import { existsSync, readFileSync } from "node:fs";
import { run } from "../lib/command.mjs";
import { findJava } from "../lib/find-java.mjs";
import { findPython } from "../lib/find-python.mjs";
import { inRoot, root } from "../lib/paths.mjs";
import { explainInstall, Problem } from "../lib/problem.mjs";
import { hashOf, readStamp, removeStamp, writeStamp } from "../lib/stamp.mjs";
import { uvPath } from "./uv.mjs";

/** @throws {Problem} when a requirement of a Python lock file has no hash. */
export function checkHashes(lock) {
  const requirements = readFileSync(inRoot(lock), "utf8")
    .replace(/\\\r?\n/g, " ")
    .split("\n");
  const bare = requirements.find((line) => /^[a-z0-9]/i.test(line) && !line.includes("--hash="));
  if (bare)
    throw new Problem(`${lock} has no hash for ${bare.split(/[ ;]/)[0]}`, {
      remedy: "make the lock files anew with npm run lock and commit them",
    });
}

/** A mirror that pip is set up for counts for uv too, which does not read pip's settings. */
async function indexSettings(python) {
  if (process.env.UV_DEFAULT_INDEX || process.env.UV_INDEX_URL || process.env.UV_CONFIG_FILE) return {};
  if (process.env.PIP_INDEX_URL) return { UV_DEFAULT_INDEX: process.env.PIP_INDEX_URL };
  try {
    const address = (await run(python, ["-m", "pip", "config", "get", "global.index-url"])).trim();
    return address ? { UV_DEFAULT_INDEX: address } : {};
  } catch {
    // pip ends with an error where nothing is set, and a Python without pip has no pip settings.
    return {};
  }
}

/** A step that makes the Python environment `folder` from locked requirements. */
function environment({ title, name, folder, locks, optionalLocks = [], least, space, before, flags = [] }) {
  const wanted = () => [...locks, ...optionalLocks];
  const hash = (files) => hashOf(files, [root]);
  return {
    title,
    space,
    done() {
      const stamp = readStamp(name);
      return (
        stamp?.hash === hash(locks) &&
        optionalLocks.every((lock) => stamp.optional?.[lock] === hash([lock])) &&
        existsSync(inRoot(folder, "bin/python"))
      );
    },
    async run(report) {
      wanted().forEach(checkHashes);
      await before?.();
      const earlier = readStamp(name);
      // What an earlier call added (the tests' tools) stays.
      const files = [...locks, ...new Set([...optionalLocks, ...Object.keys(earlier?.optional ?? {})])];
      const python = await findPython(least);
      removeStamp(name);
      const env = {
        ...(await indexSettings(python.path)),
        UV_PYTHON_DOWNLOADS: "never",
        UV_NO_PROGRESS: "1",
      };
      const target = inRoot(folder);
      const onLine = (line) => {
        if (/^(Downloading|Downloaded|Building|Built|Prepared|Installed|Resolved)/i.test(line.trim()))
          report(line);
      };
      try {
        await run(uvPath(), [
          "venv",
          "--quiet",
          "--allow-existing",
          "--no-project",
          ...flags,
          "--python",
          python.path,
          target,
        ]);
        await run(
          uvPath(),
          [
            "pip",
            "sync",
            "--require-hashes",
            "--strict",
            "--python",
            `${target}/bin/python`,
            ...files.map((f) => inRoot(f)),
          ],
          { env, onLine },
        );
      } catch (failure) {
        throw explainInstall(`making ${folder}`, "PyPI", failure);
      }
      const optional = Object.fromEntries(files.slice(locks.length).map((lock) => [lock, hash([lock])]));
      writeStamp(name, { hash: hash(locks), optional });
      return `Python ${python.version}`;
    },
  };
}

/** `.venv`: Sail, Ray, the stock Spark client; with `dev`, also what the tests need, with `cluster` HDFS's client. */
export const pythonEnvironment = ({ dev, cluster }) =>
  environment({
    title: "Python environment",
    name: "venv",
    folder: ".venv",
    locks: ["python/requirements.lock"],
    optionalLocks: [
      ...(dev ? ["python/requirements-dev.lock"] : []),
      ...(cluster ? ["python/requirements-cluster.lock"] : []),
    ],
    least: 10,
    space: 1_100,
  });

/** `.venv-apache`: Apache Spark, which also needs Java, and what its scripts' drivers need to talk to Ray. */
export const apacheEnvironment = () =>
  environment({
    title: "Apache Spark",
    name: "venv-apache",
    folder: ".venv-apache",
    locks: ["python/requirements-apache.lock"],
    least: 11,
    space: 1_000,
    before: findJava,
  });

/** `.venv-executor`: the Python of Spark's executors on YARN, which finds its packages wherever it is unpacked. */
export const executorEnvironment = () =>
  environment({
    title: "Python of the executors",
    name: "venv-executor",
    folder: ".venv-executor",
    locks: ["python/requirements-executor.lock"],
    least: 11,
    space: 1_300,
    flags: ["--relocatable"],
  });
