import { readdir, readFile } from "node:fs/promises";

/** Clock ticks in a second, as Linux tells them to programs. */
const TICKS = 100;

/** A process, as Linux tells of it (proc(5)). */
interface ProcessTime {
  /** The group that it belongs to. */
  readonly group: number;
  /** Processor time that it has had so far, in milliseconds. */
  readonly time: number;
}

/** What a process has had of the processor; undefined when there is none with this id, or the system does not tell. */
export async function processTime(pid: number): Promise<ProcessTime | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (stat === undefined) return undefined;
  // After the name, in parentheses, which may hold anything: state, parent, group; user and system time are 12 and 13.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { group: Number(fields[2]), time: ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS };
}

/**
 * Processor time that the processes of a group have had so far, in milliseconds; undefined where there are none, or the
 * system does not tell.
 */
export async function processorTime(group: number): Promise<number | undefined> {
  const names = await readdir("/proc").catch(() => []);
  const processes = await Promise.all(
    names.filter((name) => /^\d+$/u.test(name)).map((name) => processTime(Number(name))),
  );
  const own = processes.filter((each) => each?.group === group);
  return own.length === 0 ? undefined : own.reduce((sum, each) => sum + (each?.time ?? 0), 0);
}
