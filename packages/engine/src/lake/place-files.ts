import { dirname, join } from "node:path";
import type { Lake } from "./lake.ts";

/** Puts a finished directory in the place of what is at `target`; what was there is removed after the change. */
export async function replaceDirectory(lake: Lake, finished: string, target: string): Promise<void> {
  if ((await lake.stat(target)) === undefined) {
    await lake.rename(finished, target);
    return;
  }
  const old = join(dirname(target), `${finished.slice(dirname(finished).length + 1)}-replaced`);
  await lake.rename(target, old);
  try {
    await lake.rename(finished, target);
  } catch (error) {
    await lake.rename(old, target);
    throw error;
  }
  await lake.remove(old);
}

/** Moves the data files of a finished directory, sub-directories of partitions too, into `target`. */
export async function appendFiles(lake: Lake, finished: string, target: string): Promise<void> {
  for (const entry of await lake.list(finished)) {
    if (entry.kind === "directory") {
      await appendFiles(lake, entry.path, join(target, entry.name));
    } else if (!/^[_.]/u.test(entry.name)) {
      await lake.rename(entry.path, join(target, entry.name));
    }
  }
}
