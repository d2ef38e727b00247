/** What a listing says of one file or directory. */
export interface LakeEntry {
  /** The whole path, as the lake's users write it. */
  readonly path: string;
  readonly name: string;
  readonly kind: "file" | "directory";
  /** Bytes; 0 for a directory. */
  readonly size: number;
  readonly modified: Date;
  readonly owner: string;
}

/**
 * The file system that Spark and Ray share. Paths are absolute (see `resolve`). Renames are atomic: what the
 * engine publishes is seen whole or not at all. Every call rejects with a {@link LakeError}.
 */
export interface Lake {
  /** A path of a script as an absolute one: relative paths count from the run's working directory. */
  resolve(path: string): string;
  /** The entries of a directory by name, or the file itself. */
  list(path: string): Promise<readonly LakeEntry[]>;
  /** What is at the path, `undefined` where nothing is. */
  stat(path: string): Promise<LakeEntry | undefined>;
  readText(path: string): Promise<string>;
  /** Writes the file whole: readers see the old text or the new one. */
  writeText(path: string, text: string): Promise<void>;
  makeDirectory(path: string): Promise<void>;
  /** Fails with `exists` when something other than an empty directory is at `to`. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file or a whole directory; nothing there is no error. */
  remove(path: string): Promise<void>;
  /** Removes a directory if nothing is in it, in one step: what another puts there meanwhile stays. */
  removeIfEmpty(path: string): Promise<void>;
}

/** Why the lake refused. */
export type LakeErrorCode = "not-found" | "exists" | "permission-denied" | "disk-full" | "lake-failed";

/** Thrown by every call of a {@link Lake}; `path` is what it was about. */
export class LakeError extends Error {
  override readonly name = "LakeError";
  readonly code: LakeErrorCode;
  readonly path: string;

  constructor(code: LakeErrorCode, path: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.path = path;
  }
}
