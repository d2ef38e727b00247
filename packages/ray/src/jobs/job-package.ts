import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { type AsyncZippable, zip } from "fflate";

/** A file of a package. */
export interface PackageFile {
  /** With `/` between folders, relative to the package's root. */
  readonly path: string;
  readonly content: Uint8Array;
  readonly executable: boolean;
}

/** A folder of files for a job, named by what is in it: the same files are uploaded once. */
export interface JobPackage {
  /** `_ray_pkg_<hash>.zip`, as Ray wants it. */
  readonly name: string;
  /** The zip; made when it is asked for. */
  readonly bytes: () => Promise<Uint8Array>;
}

/** Zip knows no time before 1980; one and the same for all files keeps the zip's bytes by its content alone. */
const EPOCH = new Date("1980-01-01T12:00:00");
const UNIX = 3;
const COMPRESSION_LEVEL = 4;

/** Makes a package of files. */
export function makePackage(files: readonly PackageFile[]): JobPackage {
  const sorted = files.toSorted((one, other) => (one.path < other.path ? -1 : 1));
  const hash = createHash("sha256");
  for (const { path, content, executable } of sorted) {
    hash.update(`${path}\0${String(executable)}\0${content.byteLength}\0`).update(content);
  }
  return {
    name: `_ray_pkg_${hash.digest("hex").slice(0, 32)}.zip`,
    bytes: () => promisify(zip as ZipFunction)(zippable(sorted)),
  };
}

type ZipFunction = (files: AsyncZippable, done: (error: Error | null, bytes: Uint8Array) => void) => void;

function zippable(files: readonly PackageFile[]): AsyncZippable {
  const entries = files.map(({ path, content, executable }) => {
    const attrs = (executable ? 0o100755 : 0o100644) << 16;
    return [path, [content, { level: COMPRESSION_LEVEL, mtime: EPOCH, os: UNIX, attrs }]] as const;
  });
  return Object.fromEntries(entries) as AsyncZippable;
}
