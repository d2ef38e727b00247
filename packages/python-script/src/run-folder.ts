import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalLake, removeUntilGone } from "@duet/engine";

/** The path of a Unix domain socket may be about as long as this on all systems. Bytes. */
const LONGEST_SOCKET_PATH = 100;

/** A run's folder for temporary files that Spark, Ray and the script share, and the place of its socket. */
export class RunFolder implements AsyncDisposable {
  readonly path: string;
  readonly socket: string;
  /** Whether work was stopped under way, that may still write for a moment. */
  unquiet = false;
  readonly #socketFolder: string | undefined;

  private constructor(path: string, socketFolder: string | undefined) {
    this.path = path;
    this.socket = join(socketFolder ?? path, "duet.sock");
    this.#socketFolder = socketFolder;
  }

  /** Makes the folder of a run in `$DUET_HOME/runs`. */
  static async make(home: string, run: string): Promise<RunFolder> {
    const path = join(home, "runs", run);
    await mkdir(path, { recursive: true, mode: 0o700 });
    const fits = Buffer.byteLength(join(path, "duet.sock")) <= LONGEST_SOCKET_PATH;
    return new RunFolder(path, fits ? undefined : await mkdtemp(join(tmpdir(), "duet-")));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socketFolder !== undefined) await rm(this.#socketFolder, { recursive: true, force: true });
    const lake = new LocalLake(this.path);
    await (this.unquiet ? removeUntilGone(lake, this.path) : lake.remove(this.path));
  }
}
