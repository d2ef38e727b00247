import { chmod, mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ScriptRefused } from "./script-refused.ts";

/** A run's folder in a lake that Spark, Ray and this machine reach; removed when it is disposed. */
export class LakeFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes `<lake>/runs/<run>` with the access that the lake itself has: Spark may be another user.
   * @throws {ScriptRefused} `lake-unreachable`
   */
  static async make(lake: string, run: string): Promise<LakeFolder> {
    try {
      const { mode } = await stat(lake);
      for (const path of [join(lake, "runs"), join(lake, "runs", run)]) {
        // The folder of all runs may be another user's: its access is that one's to set.
        if ((await mkdir(path, { recursive: true })) !== undefined) await chmod(path, mode & 0o7777);
      }
      return new LakeFolder(join(lake, "runs", run));
    } catch (error) {
      throw new ScriptRefused(
        "lake-unreachable",
        `the lake ${lake} cannot be used: ${(error as Error).message}`,
        {
          help: "mount it here too, or run the script on the cluster, without --here",
        },
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 5 });
  }
}
