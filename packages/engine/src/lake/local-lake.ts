import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Lake, type LakeEntry, LakeError, type LakeErrorCode } from "./lake.ts";

const CODES: Readonly<Record<string, LakeErrorCode>> = {
  ENOENT: "not-found",
  ENOTDIR: "not-found",
  EEXIST: "exists",
  ENOTEMPTY: "exists",
  EACCES: "permission-denied",
  EPERM: "permission-denied",
  EROFS: "permission-denied",
  ENOSPC: "disk-full",
  EDQUOT: "disk-full",
};

const WORDS: Readonly<Record<LakeErrorCode, string>> = {
  "not-found": "there is no such file or directory",
  exists: "something is there already",
  "permission-denied": "you may not do that there",
  "disk-full": "the disk is full",
  "lake-failed": "the file system refused",
};

/** The machine's own file system as a lake: the embedded engines share it. */
export class LocalLake implements Lake {
  readonly #workingDirectory: string;

  constructor(workingDirectory: string) {
    this.#workingDirectory = workingDirectory;
  }

  resolve(path: string): string {
    return resolve(this.#workingDirectory, path.startsWith("file:") ? filePath(path) : path);
  }

  async list(path: string): Promise<readonly LakeEntry[]> {
    const entry = await this.stat(path);
    if (entry === undefined) throw new LakeError("not-found", path, `${path}: ${WORDS["not-found"]}`);
    if (entry.kind === "file") return [entry];
    const names = await translated(path, () => readdir(path));
    const entries = await Promise.all(names.sort().map((name) => this.stat(join(path, name))));
    return entries.filter((item) => item !== undefined);
  }

  async stat(path: string): Promise<LakeEntry | undefined> {
    try {
      const found = await stat(path);
      const kind = found.isDirectory() ? "directory" : "file";
      const own = userInfo();
      return {
        path,
        name: basename(path),
        kind,
        size: kind === "file" ? found.size : 0,
        modified: found.mtime,
        owner: found.uid === own.uid ? own.username : String(found.uid),
      };
    } catch (error) {
      const translatedError = lakeError(path, error);
      if (translatedError.code === "not-found") return undefined;
      throw translatedError;
    }
  }

  readText(path: string): Promise<string> {
    return translated(path, () => readFile(path, "utf8"));
  }

  async writeText(path: string, text: string): Promise<void> {
    const part = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
    await translated(path, async () => {
      try {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(part, text);
        await rename(part, path);
      } finally {
        await rm(part, { force: true });
      }
    });
  }

  makeDirectory(path: string): Promise<void> {
    return translated(path, async () => {
      await mkdir(path, { recursive: true });
    });
  }

  rename(from: string, to: string): Promise<void> {
    return translated(to, async () => {
      await mkdir(dirname(to), { recursive: true });
      await rename(from, to);
    });
  }

  remove(path: string): Promise<void> {
    return translated(path, () => rm(path, { recursive: true, force: true }));
  }

  removeIfEmpty(path: string): Promise<void> {
    return translated(path, async () => {
      try {
        await rmdir(path);
      } catch (error) {
        if (!["ENOENT", "ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? ""))
          throw error;
      }
    });
  }
}

function filePath(url: string): string {
  return url.startsWith("file://") ? fileURLToPath(url) : url.slice("file:".length);
}

async function translated<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw lakeError(path, error);
  }
}

function lakeError(path: string, error: unknown): LakeError {
  const system = error instanceof Error && "code" in error ? String(error.code) : "";
  const code = CODES[system] ?? "lake-failed";
  const detail = code === "lake-failed" ? ` (${error instanceof Error ? error.message : String(error)})` : "";
  return new LakeError(code, path, `${path}: ${WORDS[code]}${detail}`, { cause: error });
}
