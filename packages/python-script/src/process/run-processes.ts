import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { runMark } from "./run-mark.ts";

const POLL_MS = 20;

/**
 * Ends what a stopped script has left running: every process with the run's wiring in its environment, daemons that
 * have cut their ties included. They are asked to end, and killed after `grace` milliseconds. Only Linux tells of other
 * processes' environments; elsewhere Python processes still end with the channel.
 */
export async function endRunProcesses(run: string, grace: number): Promise<void> {
  const asked = await runProcesses(run);
  for (const process of asked) send(process, "SIGTERM");
  const deadline = performance.now() + grace;
  let left = asked;
  while (left.length > 0 && performance.now() < deadline) {
    await sleep(POLL_MS);
    left = await runProcesses(run);
  }
  for (const process of left) send(process, "SIGKILL");
}

async function runProcesses(run: string): Promise<readonly number[]> {
  if (process.platform !== "linux") return [];
  const names = (await readdir("/proc")).filter((name) => /^\d+$/u.test(name));
  const marked = await Promise.all(names.map((name) => holds(name, runMark(run))));
  return names.filter((_, index) => marked[index]).map(Number);
}

/** Whether a process has a text in its environment. Those of other users, and those that have gone, have not. */
async function holds(pid: string, text: string): Promise<boolean> {
  try {
    return (await readFile(`/proc/${pid}/environ`, "latin1")).includes(text);
  } catch {
    return false;
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
