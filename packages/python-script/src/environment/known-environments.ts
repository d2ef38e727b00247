import { createHash } from "node:crypto";
import { access, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { FoundSource } from "./environment-source.ts";
import type { EnvironmentRequest } from "./script-environment.ts";

/** What was found out about a description: its environment, as long as all files that it names stay as they were. */
export interface KnownEnvironment {
  /** The environment's Python; null where the default one does. */
  readonly python: string | null;
  /** The hashes of all files that described it, by absolute path. */
  readonly files: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

/**
 * The key under which a description is remembered. It covers all that the answer depends on: the description and
 * where it stands, what Duet brings by itself, and the code that decides.
 */
export async function keyOf(request: EnvironmentRequest, found: FoundSource): Promise<string> {
  const { python, pythonPath } = request.installation;
  const hash = createHash("sha256");
  const part = (content: unknown): void => void hash.update(`${JSON.stringify(content)}\n`);
  part([found.spec, found.text, request.spark ?? "connect", request.cluster ?? null, process.platform]);
  part(await readFile(join(dirname(dirname(python)), "pyvenv.cfg"), "utf8"));
  for (const name of ["requirements.in", "requirements.lock", "requirements-apache.in"])
    part(await hashOfFile(join(pythonPath, name)));
  const policy = join(pythonPath, "duet", "environment");
  for (const name of (await readdir(policy)).filter((item) => item.endsWith(".py")).sort())
    part(await hashOfFile(join(policy, name)));
  return hash.digest("hex").slice(0, 32);
}

/** The environment that is known under a key, if it is still there and described by the same files. */
export async function recall(home: string, key: string): Promise<KnownEnvironment | undefined> {
  let known: KnownEnvironment;
  try {
    known = JSON.parse(await readFile(recordOf(home, key), "utf8")) as KnownEnvironment;
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
  for (const [file, hash] of Object.entries(known.files))
    if ((await hashOfFile(file)) !== hash) return undefined;
  if (known.python !== null && !(await isThere(known.python))) {
    await rm(recordOf(home, key), { force: true });
    return undefined;
  }
  return known;
}

/** Remembers what a key stands for. Of two at once, either may win: they say the same. */
export async function remember(
  home: string,
  key: string,
  environment: {
    readonly python: string | null;
    readonly files: readonly string[];
    readonly notes: readonly string[];
  },
): Promise<void> {
  const files: Record<string, string> = {};
  for (const file of environment.files) files[file] = await hashOfFile(file);
  const record = recordOf(home, key);
  await mkdir(dirname(record), { recursive: true });
  const own = `${record}.${String(process.pid)}`;
  await writeFile(own, JSON.stringify({ python: environment.python, files, notes: environment.notes }));
  await rename(own, record);
}

const recordOf = (home: string, key: string): string => join(home, "environments", "known", `${key}.json`);

/** Whether an environment is whole, as `duet.environment.store` has it; notes that it was used now. */
async function isThere(python: string): Promise<boolean> {
  const folder = resolve(python, "../..");
  try {
    await access(join(folder, "duet-environment.json"));
    await stat(python);
    const now = new Date();
    await utimes(folder, now, now);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** A file's hash; of one that is missing, the empty text. */
async function hashOfFile(file: string): Promise<string> {
  try {
    return createHash("sha256")
      .update(await readFile(file))
      .digest("hex");
  } catch (error) {
    if (isMissing(error)) return "";
    throw error;
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ENOENT";
