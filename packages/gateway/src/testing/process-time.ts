import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds over which a process is looked at. */
const SPAN = 500;

/** Clock ticks in a second, as Linux tells them. */
const TICKS = 100;

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
  const before = seconds(pid);
  await sleep(SPAN);
  return ((seconds(pid) - before) * 1000) / (performance.now() - start);
}

/** Processor time that a process has had so far. */
function seconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // After the name, which may hold anything, in parentheses: state is the first field, user and system time follow.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}
