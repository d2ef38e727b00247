/**
 * Tasks from TypeScript through the bridge against Python's own `ray.get(f.remote())`, in turn, on one cluster of
 * two CPUs. Prints a JSON line for each round and a table of medians.
 *
 * Usage: `node bench/ray-tasks.ts [rounds]`
 */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connectRay, startBridge, type RayClient } from "@duet/ray";

const ROUNDS = Number(process.argv[2] ?? 7);
const LATENCY_TASKS = 300;
const PIPELINED_TASKS = 2000;
const ROOT = join(import.meta.dirname, "..");
const PYTHON = join(ROOT, ".venv/bin/python");

/** One way to run tasks: milliseconds of each of `count` tasks in turn, or of all of them together. */
interface Peer {
  latency(count: number): Promise<readonly number[]>;
  pipelined(count: number): Promise<number>;
}

function bridgePeer(client: RayClient): Peer {
  const increment = { source: "def increment(x):\n    return x + 1", name: "increment" };
  const submit = (index: number): Promise<unknown> =>
    client.submit({ function: increment, arguments: [index], run: "bench" }).result();
  return {
    async latency(count) {
      const times: number[] = [];
      for (let index = 0; index < count; index += 1) {
        const began = performance.now();
        check((await submit(index)) === index + 1);
        times.push(performance.now() - began);
      }
      return times;
    },
    async pipelined(count) {
      const began = performance.now();
      const results = await Promise.all(Array.from({ length: count }, (_, index) => submit(index)));
      const took = performance.now() - began;
      check(results.every((result, index) => result === index + 1));
      return took;
    },
  };
}

function check(right: boolean): void {
  if (!right) throw new Error("A task gave a wrong result.");
}

/** Starts the Python peer as a second driver of the bridge's cluster. */
async function nativePeer(directory: string): Promise<Peer & AsyncDisposable> {
  const ready = JSON.parse(await readFile(join(directory, "ready.json"), "utf8")) as {
    readonly rayAddress: string;
    readonly directory: string;
  };
  const child = spawn(PYTHON, [join(ROOT, "bench/ray_tasks_native.py"), ready.rayAddress], {
    stdio: ["pipe", "pipe", "inherit"],
    env: {
      ...process.env,
      RAY_AUTH_MODE: "token",
      RAY_AUTH_TOKEN_PATH: join(ready.directory, "token"),
      RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER: "0",
    },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<readonly number[]> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error("The native peer has ended.");
    return JSON.parse(value) as readonly number[];
  };
  const ask = (what: string, count: number): Promise<readonly number[]> => {
    child.stdin.write(`${what} ${count}\n`);
    return answer();
  };
  await answer();
  return {
    latency: (count) => ask("latency", count),
    pipelined: async (count) => (await ask("pipelined", count))[0] ?? NaN,
    async [Symbol.asyncDispose]() {
      const exited = new Promise((resolve) => child.once("exit", resolve));
      child.stdin.end();
      await exited;
    },
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

async function round(name: string, peer: Peer): Promise<{ p50: number; p99: number; perSecond: number }> {
  const times = await peer.latency(LATENCY_TASKS);
  const perSecond = (PIPELINED_TASKS / (await peer.pipelined(PIPELINED_TASKS))) * 1000;
  const result = { p50: quantile(times, 0.5), p99: quantile(times, 0.99), perSecond };
  console.log(JSON.stringify({ bench: "ray-tasks", peer: name, ...result }));
  return result;
}

const directory = await mkdtemp(join(tmpdir(), "duet-bench-"));
try {
  await using bridge = await startBridge({
    python: PYTHON,
    pythonPath: join(ROOT, "python"),
    directory,
    cpus: 2,
  });
  await using client = await connectRay(bridge);
  await using native = await nativePeer(directory);
  const duet = bridgePeer(client);
  for (const peer of [native, duet]) {
    await peer.pipelined(500);
    await peer.latency(50);
  }
  const rounds: { native: Awaited<ReturnType<typeof round>>; duet: Awaited<ReturnType<typeof round>> }[] = [];
  for (let index = 0; index < ROUNDS; index += 1) {
    rounds.push({ native: await round("native", native), duet: await round("duet", duet) });
  }
  const median = (pick: (entry: (typeof rounds)[number]) => number): number =>
    quantile(rounds.map(pick), 0.5);
  const summary = {
    bench: "ray-tasks",
    rounds: ROUNDS,
    nativeP50: median((entry) => entry.native.p50),
    duetP50: median((entry) => entry.duet.p50),
    p50Ratio: median((entry) => entry.duet.p50 / entry.native.p50),
    nativePerSecond: median((entry) => entry.native.perSecond),
    duetPerSecond: median((entry) => entry.duet.perSecond),
    perSecondRatio: median((entry) => entry.duet.perSecond / entry.native.perSecond),
  };
  console.log(JSON.stringify(summary));
  console.log("\n| figure | native Python | Duet | ratio | target |\n|---|---|---|---|---|");
  const row = (name: string, one: number, other: number, ratio: number, target: string): void => {
    console.log(`| ${name} | ${one.toFixed(2)} | ${other.toFixed(2)} | ${ratio.toFixed(2)} | ${target} |`);
  };
  row("task round trip, p50, ms", summary.nativeP50, summary.duetP50, summary.p50Ratio, "at most 2");
  row(
    "pipelined tasks/s",
    summary.nativePerSecond,
    summary.duetPerSecond,
    summary.perSecondRatio,
    "at least 0.6",
  );
} finally {
  await rm(directory, { recursive: true, force: true });
}
