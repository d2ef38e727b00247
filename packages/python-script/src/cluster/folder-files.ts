import type { Stats } from "node:fs";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { PackageFile } from "@duet/ray";
import { ScriptRefused } from "../script-refused.ts";
import { IgnoreRules } from "./ignore-rules.ts";

/** What may be sent with a script; data belongs into the lake. Bytes. */
const LARGEST_FOLDER = 100 * 1024 * 1024;
/** How many files a message about a folder that is too large names. */
const NAMED = 5;
/** Nobody sends as many files with a script on purpose. */
const MOST_FILES = 20_000;

interface FoundFile {
  readonly path: string;
  readonly stats: Stats;
}

/**
 * The files of a folder that are sent to a cluster; links are followed. What stays here is said by `IgnoreRules`.
 * @throws {ScriptRefused} `folder-too-large`, `folder-unreadable`
 */
export async function folderFiles(folder: string, largest = LARGEST_FOLDER): Promise<readonly PackageFile[]> {
  const found: FoundFile[] = [];
  try {
    await collect(folder, await IgnoreRules.of(folder), new Set([await realpath(folder)]), found);
    const size = found.reduce((sum, { stats }) => sum + stats.size, 0);
    if (size > largest || found.length > MOST_FILES) throw tooLarge(folder, found, size, largest);
    const files: PackageFile[] = [];
    for (const { path, stats } of found) {
      const name = relative(folder, path).split(sep).join("/");
      files.push({ path: name, content: await readFile(path), executable: (stats.mode & 0o100) !== 0 });
    }
    return files;
  } catch (cause) {
    const { code, path, message } = cause as NodeJS.ErrnoException;
    if (cause instanceof ScriptRefused || code === undefined) throw cause;
    throw new ScriptRefused(
      "folder-unreadable",
      `${path ?? folder} cannot be sent to the cluster: ${message}`,
      {
        help: "name it in .duetignore if the script does not need it",
      },
    );
  }
}

async function collect(
  folder: string,
  rules: IgnoreRules,
  parents: ReadonlySet<string>,
  found: FoundFile[],
): Promise<void> {
  for (const entry of (await readdir(folder)).toSorted()) {
    const path = join(folder, entry);
    const stats = await stat(path).catch((error: unknown) => {
      // A link that leads nowhere has nothing to send.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    });
    if (stats === undefined || rules.ignores(path, stats.isDirectory())) continue;
    if (stats.isFile()) found.push({ path, stats });
    if (!stats.isDirectory() || found.length > MOST_FILES) continue;
    const real = await realpath(path);
    // A link to a folder around it would never end.
    if (!parents.has(real)) await collect(path, await rules.below(path), new Set([...parents, real]), found);
  }
}

function tooLarge(folder: string, found: readonly FoundFile[], size: number, largest: number): ScriptRefused {
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  const biggest = found.toSorted((one, other) => other.stats.size - one.stats.size).slice(0, NAMED);
  const what =
    size > largest
      ? `${megabytes(size)} in ${found.length} files, more than ${megabytes(largest)}`
      : `more than ${MOST_FILES} files`;
  const lines = [
    `${folder} is sent to the cluster with the script, and holds ${what}`,
    ...biggest.map(
      ({ path, stats }) => `  │ ${megabytes(stats.size).padStart(9)}  ${relative(folder, path)}`,
    ),
  ];
  return new ScriptRefused("folder-too-large", lines.join("\n"), {
    help: "name what the script does not need in .duetignore (as in .gitignore), and put data into the lake",
  });
}
