import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { userInfo } from "node:os";
import { ProfileError } from "./profile-error.ts";

const FILE_NAME = "duet.toml";

/** A `duet.toml` and its text. */
export interface ProfileFile {
  readonly path: string;
  readonly source: string;
}

/**
 * The files that hold profiles, nearest first: `duet.toml` in the directory and in those above it, then the one of
 * `$DUET_HOME`.
 * @throws {ProfileError} `profile-untrusted` for a file that another user may have put there: it says where tokens go.
 */
export async function profileFiles(directory: string, home: string): Promise<readonly ProfileFile[]> {
  const folders: string[] = [];
  for (let folder = directory; ; folder = dirname(folder)) {
    folders.push(folder);
    if (folder === dirname(folder)) break;
  }
  if (!folders.includes(home)) folders.push(home);
  const files = await Promise.all(folders.map((folder) => readProfileFile(join(folder, FILE_NAME))));
  return files.filter((file) => file !== undefined);
}

async function readProfileFile(path: string): Promise<ProfileFile | undefined> {
  try {
    const source = await readFile(path, "utf8");
    const { uid, mode } = await stat(path);
    const { uid: own } = userInfo();
    if (own !== -1 && ((uid !== own && uid !== 0) || (mode & 0o002) !== 0)) {
      throw new ProfileError(
        "profile-untrusted",
        `${path} is not used: another user owns it or may write it`,
        "a profile says where tokens are sent; make the file yours (chown, chmod o-w) or remove it",
      );
    }
    return { path, source };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES") return undefined;
    throw error;
  }
}
