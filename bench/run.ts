/**
 * Measures Duet against its peers: `npm run bench -- NAME [--quick] [--record]`, `npm run bench` for what there is,
 * `npm run bench -- all`. Each bench is a program of its own, `bench/NAME.ts`; the last line that it prints is its
 * result as JSON, which is kept in `bench/work/NAME.json`. With `--record` what it prints goes into `bench/README.md`.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { workFolder } from "./lib/machine.ts";

const BENCHES: Readonly<Record<string, string>> = {
  "cold-start": "a first row, and a first Ray step, with nothing warm: against PySpark local and ray.init",
  warm: "a first row on the engines of `duet up`",
  "one-script": "examples/demo.mlsql against the same work by hand on the same warm engines",
  "hand-over":
    "a table of Spark in one Ray task, 200 MB and 2 GB: against toPandas, Ray Data and the engines' limit",
  "hand-over-switch": "both ways of the hand-over at small sizes",
  "frame-to-task":
    "a Spark DataFrame as a Ray task's argument in a Python script: against toPandas and Ray Data",
  "script-overhead": "duet run script.py against python script.py on the same warm engines",
  "ray-tasks": "task round trips from TypeScript against Python's own",
  "gateway-latency": "what the gateway adds to a warm SELECT 1 on Sail",
  "gateway-stream":
    "a result of 5 million rows through the gateway against directly, and the gateway's memory",
  "gateway-failover": "kill -9 of one of three drivers with 20 sessions on it, Sail and Apache Spark",
  "gateway-rolling-restart": "two minutes of rolling restarts under 8 clients, Sail and Apache Spark",
  "gateway-idle-sessions": "the memory of 1,000 idle sessions, and a kill -9 of the gateway",
  language: "parse and check 10,000 lines",
};

const [name, ...flags] = process.argv.slice(2);
const options = flags.filter((flag) => flag !== "--record");
const names = name === "all" ? Object.keys(BENCHES) : [name ?? ""];
if (names.some((one) => !(one in BENCHES))) {
  console.log("npm run bench -- NAME [--quick] [--record]\n");
  for (const [one, what] of Object.entries(BENCHES)) console.log(`  ${one.padEnd(25)}${what}`);
  console.log(`  ${"all".padEnd(25)}all of them, one after the other`);
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
  const text = lines.slice(0, -1).join("\n").trim();
  console.log(text, "\n");
  if (flags.includes("--record")) await record(bench, text);
  await mkdir(workFolder, { recursive: true });
  const result: unknown = JSON.parse(json);
  await writeFile(join(workFolder, `${bench}.json`), `${JSON.stringify(result, undefined, 2)}\n`);
}

/** Puts the text between the bench's two marks in the README. */
async function record(bench: string, text: string): Promise<void> {
  const file = join(import.meta.dirname, "README.md");
  const readme = await readFile(file, "utf8");
  const [begin, end] = [`<!-- ${bench} -->`, `<!-- /${bench} -->`];
  const [before, rest] = readme.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined)
    throw new Error(`bench/README.md has no place for ${bench}`);
  await writeFile(file, `${before}${begin}\n\n${text.replace(/^## .*\n+/u, "")}\n\n${end}${after}`);
}
