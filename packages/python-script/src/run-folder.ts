import { mkdir, mkdtemp, readdir, readlink, rm, symlink } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { LocalLake, removeUntilGone } from "@duet/engine";

const SOCKET = "duet.sock";
/** The path of a Unix domain socket may be about as long as this on all systems. Bytes. */
const LONGEST_SOCKET_PATH = 100;

/** A run's folder for temporary files that Spark, Ray and the script share, and the place of its socket. */
export class RunFolder implements AsyncDisposable {
  readonly path: string;
  readonly socket: string;
  /** Whether work was stopped under way, that may still write for a moment. */
  unquiet = false;

  private constructor(path: string, socket: string) {
    this.path = path;
    this.socket = socket;
  }

  /** Makes the folder of a run in `$DUET_HOME/runs`. */
  static async make(home: string, run: string): Promise<RunFolder> {
    const path = join(home, "runs", run);
    await mkdir(path, { recursive: true, mode: 0o700 });
    const inside = join(path, SOCKET);
    if (Buffer.byteLength(inside) <= LONGEST_SOCKET_PATH) return new RunFolder(path, inside);
    const outside = join(await mkdtemp(join(tmpdir(), "duet-")), SOCKET);
    await symlink(outside, inside);
    return new RunFolder(path, outside);
  }

  /** Removes it, and those of runs that were killed. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (dirname(this.socket) !== this.path) await remove(dirname(this.socket));
    const lake = new LocalLake(this.path);
    await (this.unquiet ? removeUntilGone(lake, this.path) : lake.remove(this.path));
    await removeAbandoned(dirname(this.path));
  }
}

/** A run that lives listens on its socket; one that was killed has left the socket's file alone. */
async function removeAbandoned(runs: string): Promise<void> {
  for (const name of await readdir(runs)) {
    const path = join(runs, name);
    const socket = await socketOf(join(path, SOCKET));
    if (!(await isDeserted(socket))) continue;
    if (dirname(socket) !== path) await remove(dirname(socket));
    await remove(path);
  }
}

const remove = (path: string): Promise<void> => rm(path, { recursive: true, force: true });

async function socketOf(path: string): Promise<string> {
  try {
    return await readlink(path);
  } catch {
    // It is the socket itself, or there is none.
    return path;
  }
}

function isDeserted(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket, () => {
      connection.destroy();
      resolve(false);
    });
    connection.once("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code === "ECONNREFUSED");
    });
  });
}
