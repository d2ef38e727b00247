import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/**
 * A process that cannot be mistaken for another: process ids are reused, a pair of id and start time is not.
 * `start` is whatever the system tells (Linux: clock ticks since boot; elsewhere `ps`'s text).
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly start: string;
}

interface ProcessEntry extends ProcessIdentity {
  readonly parent: number;
  /** Dead, but its parent has not asked for its exit code yet. */
  readonly zombie: boolean;
}

async function readLinux(pid: number): Promise<ProcessEntry | undefined> {
  let stat: string;
  try {
    stat = await readFile(`/proc/${pid}/stat`, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
  // The second field is the program's name in brackets and may itself hold blanks and brackets.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, parent, start] = [fields[0], fields[1], fields[19]];
  if (parent === undefined || start === undefined) return undefined;
  return { pid, parent: Number(parent), start, zombie: state === "Z" || state === "X" };
}

async function listWithPs(): Promise<readonly ProcessEntry[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,stat=,lstart="]);
  return stdout.split("\n").flatMap((line) => {
    const [, pid, parent, state, start] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/u.exec(line) ?? [];
    if (pid === undefined || parent === undefined || state === undefined || start === undefined) return [];
    return [{ pid: Number(pid), parent: Number(parent), start, zombie: state.startsWith("Z") }];
  });
}

async function listProcesses(): Promise<readonly ProcessEntry[]> {
  if (process.platform !== "linux") return listWithPs();
  const names = (await readdir("/proc")).filter((name) => /^\d+$/u.test(name));
  const entries = await Promise.all(names.map((name) => readLinux(Number(name))));
  return entries.filter((entry) => entry !== undefined);
}

async function find(pid: number): Promise<ProcessEntry | undefined> {
  if (process.platform === "linux") return readLinux(pid);
  return (await listWithPs()).find((entry) => entry.pid === pid);
}

/** The identity of a living process, or undefined when there is none with this id. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const entry = await find(pid);
  return entry === undefined || entry.zombie ? undefined : { pid, start: entry.start };
}

/** Whether this very process (and no later one with its id) still runs. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.start === identity.start;
}

/** All processes below this one, nearest first, without it. */
export async function descendants(identity: ProcessIdentity): Promise<readonly ProcessIdentity[]> {
  if (!(await isRunning(identity))) return [];
  const all = await listProcesses();
  const found: ProcessEntry[] = [];
  let parents = new Set([identity.pid]);
  while (parents.size > 0) {
    const level = all.filter((entry) => parents.has(entry.parent));
    found.push(...level);
    parents = new Set(level.map((entry) => entry.pid));
  }
  return found.filter((entry) => !entry.zombie).map(({ pid, start }) => ({ pid, start }));
}

/** Sends a signal to this very process; false when it has gone. */
export async function sendSignal(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<boolean> {
  if (!(await isRunning(identity))) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

/** Waits until all of these have gone; false when some still run after `milliseconds`. */
export async function waitUntilGone(
  identities: readonly ProcessIdentity[],
  milliseconds: number,
): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    const running = await Promise.all(identities.map(isRunning));
    if (!running.includes(true)) return true;
    if (performance.now() >= deadline) return false;
    await sleep(20);
  }
}

/**
 * Ends a process and everything below it: asks it to end (SIGTERM), kills what is left after `grace` milliseconds,
 * and resolves when all have gone; false when even that did not help within five more seconds.
 */
export async function endTree(identity: ProcessIdentity, grace: number): Promise<boolean> {
  const tree = [identity, ...(await descendants(identity))];
  await sendSignal(identity, "SIGTERM");
  if (await waitUntilGone(tree, grace)) return true;
  for (const member of tree) await sendSignal(member, "SIGKILL");
  return waitUntilGone(tree, 5_000);
}
