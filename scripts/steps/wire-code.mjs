import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { run } from "../lib/command.mjs";
import { requireNode24 } from "../lib/node24.mjs";
import { inRoot } from "../lib/paths.mjs";
import { Problem } from "../lib/problem.mjs";
import { filesBelow, hashOf, readStamp, removeStamp, writeStamp } from "../lib/stamp.mjs";

const packages = ["packages/mlsql", "packages/spark-connect"];

/** What the generated code of a package is made from. */
const inputsOf = (folder) => [
  "python/requirements.lock",
  "package-lock.json",
  ...filesBelow(folder, (name) => !name.startsWith(`${folder}/src/`) || name.endsWith(".langium")),
];

const hash = () => hashOf(packages.flatMap(inputsOf));

const generates = (folder) =>
  "generate" in (JSON.parse(readFileSync(inRoot(folder, "package.json"), "utf8")).scripts ?? {});

/** Generates the parser from its grammar and the Spark Connect messages from their descriptors. */
export const wireCode = {
  title: "generated code",
  space: 20,
  done: () =>
    readStamp("generated")?.hash === hash() &&
    packages.every((folder) => existsSync(inRoot(folder, "src/generated"))),
  async run(report) {
    removeStamp("generated");
    const node = requireNode24();
    const env = {
      DUET_PYTHON: inRoot(".venv/bin/python"),
      PATH: [dirname(node), inRoot("node_modules/.bin"), process.env.PATH].join(delimiter),
    };
    for (const folder of packages.filter(generates)) {
      report(folder);
      try {
        await run("npm", ["run", "--silent", "generate", "-w", folder], { env, onLine: report });
      } catch (failure) {
        throw new Problem(`generating code for ${folder} failed (${failure.reason})`, {
          details: failure.lines.slice(-15),
          remedy:
            "the lines above are the generator's own; mend what they name and run the same command again",
          cause: failure,
        });
      }
    }
    writeStamp("generated", { hash: hash() });
    return packages.length === 1 ? "1 package" : `${packages.length} packages`;
  },
};
