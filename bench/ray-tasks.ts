/**
 * Tasks from TypeScript through the bridge against Python's own `ray.get(f.remote())`, in turn, on one cluster of
 * two CPUs. `node bench/ray-tasks.ts [--quick]`
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectRay, startBridge } from "@duet/ray";
import { startPeer } from "./lib/command.ts";
import { python, pythonPath, root } from "./lib/machine.ts";
import { median, takeTurns } from "./lib/measure.ts";
import { report } from "./lib/report.ts";

const rounds = process.argv.includes("--quick") ? 3 : 11;
const latencyTasks = 300;
const pipelinedTasks = 2000;

/** The ready file of a bridge with a Ray of its own: how a second driver gets at that Ray. */
interface ReadyFile {
  readonly rayAddress: string;
  readonly directory: string;
}

const directory = await mkdtemp(join(tmpdir(), "duet-bench-"));
try {
  // Two workers for each of the two drivers: by default Ray would end those of one while the other is measured.
  const environment = { RAY_num_workers_soft_limit: "4" };
  await using bridge = await startBridge({ python, pythonPath, directory, cpus: 2, environment });
  await using client = await connectRay(bridge);
  const ready = JSON.parse(await readFile(join(directory, "ready.json"), "utf8")) as ReadyFile;
  await using native = await startPeer(python, [join(root, "bench/peers/ray_tasks.py"), ready.rayAddress], {
    RAY_AUTH_MODE: "token",
    RAY_AUTH_TOKEN_PATH: join(ready.directory, "token"),
    RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER: "0",
  });

  const increment = { source: "def increment(x):\n    return x + 1", name: "increment" };
  const task = async (index: number): Promise<void> => {
    const submitted = client.submit({ function: increment, arguments: [index], run: "bench" });
    if ((await submitted.result()) !== index + 1) throw new Error("A task gave a wrong result.");
  };
  const latency = async (): Promise<number> => {
    const times: number[] = [];
    for (let index = 0; index < latencyTasks; index += 1) {
      const start = performance.now();
      await task(index);
      times.push(performance.now() - start);
    }
    return median(times);
  };
  const pipelined = async (): Promise<number> => {
    const start = performance.now();
    await Promise.all(Array.from({ length: pipelinedTasks }, (_, index) => task(index)));
    return (pipelinedTasks / (performance.now() - start)) * 1000;
  };
  const ask = async (what: string, count: number): Promise<number> =>
    (await native.ask({ what, count })).value ?? NaN;

  const times = await takeTurns(
    [
      { name: "native latency", run: () => ask("latency", latencyTasks) },
      { name: "duet latency", run: latency },
      { name: "native pipelined", run: () => ask("pipelined", pipelinedTasks) },
      { name: "duet pipelined", run: pipelined },
    ],
    rounds,
    true,
  );
  await client.endRun("bench");
  await report(
    "ray-tasks",
    [
      {
        what: "task round trip, p50",
        unit: "ms",
        ours: times["duet latency"],
        peer: { name: "ray.get(f.remote())", value: times["native latency"] },
        target: { kind: "at-most", value: 2 },
      },
      {
        what: "pipelined",
        unit: "tasks/s",
        ours: times["duet pipelined"],
        peer: { name: "ray.get([f.remote() …])", value: times["native pipelined"] },
        target: { kind: "at-least", value: 0.6 },
      },
    ],
    [
      `Medians of ${String(rounds)} rounds after a warm-up; in each ${String(latencyTasks)} tasks one after the other, then ${String(pipelinedTasks)} at once. Both are drivers of one Ray with 2 CPUs.`,
    ],
  );
} finally {
  await rm(directory, { recursive: true, force: true });
}
