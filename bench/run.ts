/**
 * Measures Duet against its peers: `npm run bench -- NAME [--quick]`, `npm run bench` for what there is, `npm run bench
 * -- all`. Each bench is a program of its own, `bench/NAME.ts`; the last line that it prints is its result as JSON,
 * which is kept in `bench/work/NAME.json`.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { workFolder } from "./lib/machine.ts";

const BENCHES: Readonly<Record<string, string>> = {
  "cold-start": "a first row, and a first Ray step, with nothing warm: against PySpark local and ray.init",
  warm: "a first row on the engines of `duet up`",
  "one-script": "examples/demo.mlsql against the same work by hand on the same warm engines",
  "hand-over":
    "a table of Spark in one Ray task, 200 MB and 2 GB: against toPandas, Ray Data and the engines' limit",
  "ray-tasks": "task round trips from TypeScript against Python's own",
  language: "parse and check 10,000 lines",
};

const [name, ...options] = process.argv.slice(2);
const names = name === "all" ? Object.keys(BENCHES) : [name ?? ""];
if (names.some((one) => !(one in BENCHES))) {
  console.log("npm run bench -- NAME [--quick]\n");
  for (const [one, what] of Object.entries(BENCHES)) console.log(`  ${one.padEnd(12)}${what}`);
  console.log(`  ${"all".padEnd(12)}all of them, one after the other`);
  process.exitCode = name === undefined ? 0 : 2;
} else {
  for (const one of names) await runBench(one, options);
}

async function runBench(bench: string, args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, `${bench}.ts`), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [code] = (await once(child, "close")) as [number | null];
  const lines = output.trimEnd().split("\n");
  const json = lines.at(-1) ?? "";
  if (code !== 0 || !json.startsWith("{")) {
    console.log(output);
    throw new Error(`the bench ${bench} ended with ${String(code)} and without a result`);
  }
  console.log(lines.slice(0, -1).join("\n"), "\n");
  await mkdir(workFolder, { recursive: true });
  const result: unknown = JSON.parse(json);
  await writeFile(join(workFolder, `${bench}.json`), `${JSON.stringify(result, undefined, 2)}\n`);
}
