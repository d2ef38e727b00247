import { readdir, readFile } from "node:fs/promises";

/** Clock ticks in a second, as Linux tells them to programs. */
const TICKS = 100;

/**
 * Processor time that the processes of a group have had so far, in milliseconds; undefined where the system does not
 * tell (proc(5), Linux).
 */
export async function processorTime(group: number): Promise<number | undefined> {
  const names = await readdir("/proc").catch(() => []);
  const times = await Promise.all(
    names.filter((name) => /^\d+$/u.test(name)).map((name) => timeOf(name, group)),
  );
  const own = times.filter((time) => time !== undefined);
  return own.length === 0 ? undefined : own.reduce((sum, time) => sum + time, 0);
}

async function timeOf(pid: string, group: number): Promise<number | undefined> {
  // It may have ended meanwhile.
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // After the name, in parentheses, which may hold anything: state, parent, group; user and system time are 12 and 13.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (Number(fields[2]) !== group) return undefined;
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS;
}
