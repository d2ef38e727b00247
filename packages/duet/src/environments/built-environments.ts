import { execFile } from "node:child_process";
import { access, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** A Python environment that was built for scripts or trainings (`python/duet/environment/store.py`). */
export interface BuiltEnvironment {
  /** The hash of its content, and its folder's name. */
  readonly id: string;
  readonly folder: string;
  /** The user's packages in it. */
  readonly requirements: readonly string[];
  /** Milliseconds since 1970. */
  readonly lastUsed: number;
}

/** What a removal came to. */
export interface PrunedEnvironments {
  readonly removed: readonly BuiltEnvironment[];
  /** Bytes, as `du` counts them; files that uv's cache shares with an environment stay there. */
  readonly bytes: number;
}

/** A build that has not got on for so long has been killed. Milliseconds. */
const ABANDONED_MS = 86_400_000;

const storeOf = (home: string): string => join(home, "environments");

/** The built environments of a `$DUET_HOME`, the last used first. */
export async function listEnvironments(home: string): Promise<readonly BuiltEnvironment[]> {
  const found: BuiltEnvironment[] = [];
  for (const id of await namesIn(storeOf(home))) {
    if (!/^[0-9a-f]+$/u.test(id)) continue;
    const folder = join(storeOf(home), id);
    found.push({
      id,
      folder,
      requirements: await requirementsOf(folder),
      lastUsed: (await stat(folder)).mtimeMs,
    });
  }
  return found.sort((one, other) => other.lastUsed - one.lastUsed);
}

/** What folders take on disk together, in bytes; files that they share count once. */
export async function sizeOf(folders: readonly string[]): Promise<number> {
  if (folders.length === 0) return 0;
  const { stdout } = await promisify(execFile)("du", ["-sk", ...folders]);
  const sizes = stdout.trim().split("\n");
  return sizes.reduce((sum, line) => sum + Number(line.split("\t")[0]) * 1024, 0);
}

/** Removes the environments that were last used before a time (ms since 1970), and what killed builds left. */
export async function pruneEnvironments(home: string, before: number): Promise<PrunedEnvironments> {
  const removed = (await listEnvironments(home)).filter(({ lastUsed }) => lastUsed < before);
  const bytes = await sizeOf(removed.map(({ folder }) => folder));
  for (const { folder } of removed) {
    // Renamed first: nobody finds half an environment.
    const leaving = `${folder}.old`;
    await rm(leaving, { recursive: true, force: true });
    await rename(folder, leaving);
    await rm(leaving, { recursive: true });
    await rm(`${folder}.lock`, { force: true });
  }
  await removeLeftovers(home);
  return { removed, bytes };
}

async function removeLeftovers(home: string): Promise<void> {
  const store = storeOf(home);
  for (const name of await namesIn(store)) {
    const path = join(store, name);
    const abandoned = Date.now() - (await stat(path)).mtimeMs > ABANDONED_MS;
    if (/\.(?:new|old)$/u.test(name) && abandoned) await rm(path, { recursive: true, force: true });
  }
  const known = join(store, "known");
  for (const name of await namesIn(known)) {
    const record = join(known, name);
    // What has another ending is a record that was never finished.
    if (!name.endsWith(".json") || (await isStale(record))) await rm(record, { force: true });
  }
}

/** Whether a record of what a description stands for names an environment that has gone. */
async function isStale(record: string): Promise<boolean> {
  const { python } = JSON.parse(await readFile(record, "utf8")) as { readonly python: string | null };
  return python !== null && !(await exists(python));
}

async function requirementsOf(folder: string): Promise<readonly string[]> {
  try {
    const text = await readFile(join(folder, "duet-environment.json"), "utf8");
    return (JSON.parse(text) as { readonly requirements: readonly string[] }).requirements;
  } catch (error) {
    // One that an earlier version of Duet has built says nothing about itself.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
