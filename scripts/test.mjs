/**
 * Sets up what is missing and runs the checks and tests, tier by tier, and stops at the first that fails.
 *
 *   npm test                         all tiers
 *   npm test -- unit engine          these tiers
 *   npm test -- unit packages/mlsql  only the files whose path contains a word
 */
import { delimiter, dirname } from "node:path";
import { runHere } from "./lib/command.mjs";
import { requireNode24 } from "./lib/node24.mjs";
import { inRoot } from "./lib/paths.mjs";
import { Problem } from "./lib/problem.mjs";
import { filesBelow } from "./lib/stamp.mjs";
import { main, setUp } from "./setup.mjs";

const words = process.argv.slice(2);
const isEngineTest = (name) => /\.engine\.test\.(ts|mjs)$/.test(name);
// Those of the YARN cluster are run by `npm run cluster -- test`.
const isTest = (name) => /\.test\.(ts|mjs)$/.test(name) && !/\.cluster\.test\.ts$/.test(name);

function files(kind) {
  const filters = words.filter((word) => !(word in tiers));
  return ["packages", "deploy", "scripts", "tests", "bench"]
    .flatMap((folder) => filesBelow(folder, isTest))
    .filter((name) => isEngineTest(name) === (kind === "engine"))
    .filter((name) => filters.length === 0 || filters.some((word) => name.includes(word)));
}

const nodeTest = (node, names, flags) =>
  names.length === 0
    ? 0
    : runHere(node, ["--test", "--test-reporter=spec", ...flags, ...names], environment(node));

const environment = (node) => ({
  PATH: [dirname(node), inRoot("node_modules/.bin"), process.env.PATH].join(delimiter),
  PYTHONPATH: inRoot("python"),
});

const tiers = {
  check: (node) => runHere("npm", ["run", "--silent", "check"], environment(node)),
  unit: (node) => nodeTest(node, files("unit"), []),
  python: async (node) => {
    const env = environment(node);
    const tool = (...args) => runHere(inRoot(".venv/bin/python"), ["-m", ...args], env);
    return (
      (await tool("ruff", "check", "python")) ||
      (await tool("ruff", "format", "--check", "python")) ||
      (await tool("pytest", "-q", "-p", "no:cacheprovider", "python/tests"))
    );
  },
  // Engines are large: on a small machine two at once would measure each other.
  engine: (node) => nodeTest(node, files("engine"), ["--test-concurrency=1"]),
};

await main(async () => {
  const named = words.filter((word) => word in tiers);
  const flag = words.find((word) => word.startsWith("-"));
  if (flag)
    throw new Problem(`unknown option ${flag}`, {
      remedy: `name tiers: ${Object.keys(tiers).join(", ")}`,
      exitCode: 2,
    });
  await setUp({ dev: true, apache: true });
  const node = requireNode24();
  for (const [name, work] of Object.entries(tiers)) {
    if (named.length > 0 && !named.includes(name)) continue;
    const started = Date.now();
    console.error(`\n── ${name} ${"─".repeat(60 - name.length)}`);
    const code = await work(node);
    const took = `${((Date.now() - started) / 1000).toFixed(1)} s`;
    console.error(`── ${name}: ${code === 0 ? "passed" : `failed (exit code ${code})`} in ${took}`);
    if (code !== 0) return code;
  }
  return 0;
});
