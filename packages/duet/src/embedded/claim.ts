import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isRunning, type ProcessIdentity } from "./process-identity.ts";

/**
 * Does something that only one process may do at a time, holding a file as its claim. Waits while another process
 * holds it; the claim of a process that has gone counts for nothing.
 */
export async function withClaim<T>(file: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  await take(file, signal);
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function take(file: string, signal: AbortSignal): Promise<void> {
  const own = JSON.stringify(await identify(process.pid));
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  for (;;) {
    signal.throwIfAborted();
    try {
      await writeFile(file, own, { flag: "wx", mode: 0o600 });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = await readHolder(file);
    if (holder !== undefined && !(await isRunning(holder))) await rm(file, { force: true });
    else await sleep(50, undefined, { signal });
  }
}

async function readHolder(file: string): Promise<ProcessIdentity | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as ProcessIdentity;
  } catch (error) {
    // Gone again, or not written to its end yet: look once more.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
