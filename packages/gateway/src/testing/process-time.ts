import { setTimeout as sleep } from "node:timers/promises";
import { processTime } from "../drivers/processor-time.ts";

/** Milliseconds over which a process is looked at. */
const SPAN = 500;

/** Resolves when a process keeps a core more than half busy. */
export async function untilBusy(pid: number): Promise<void> {
  while ((await share(pid)) < 0.5);
}

/** Resolves when a process has come to rest. */
export async function untilAtRest(pid: number): Promise<void> {
  while ((await share(pid)) > 0.2);
}

/** The share of a core that a process takes. */
async function share(pid: number): Promise<number> {
  const start = performance.now();
  const before = await timeOf(pid);
  await sleep(SPAN);
  return ((await timeOf(pid)) - before) / (performance.now() - start);
}

async function timeOf(pid: number): Promise<number> {
  const process = await processTime(pid);
  if (process === undefined) throw new Error(`the process ${pid} has ended`);
  return process.time;
}
