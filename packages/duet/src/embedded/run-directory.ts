import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { identify, isRunning, type ProcessIdentity } from "./process-identity.ts";

const OWNER_FILE = "owner.json";
const PREFIX = "engines-";

/** A directory in `$DUET_HOME/runs` for the engines of one run: logs and temporary files. */
export class RunDirectory implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes one, and removes those of runs that were killed. */
  static async make(home: string): Promise<RunDirectory> {
    const runs = join(home, "runs");
    const path = join(runs, `${PREFIX}${process.pid}-${Date.now().toString(36)}`);
    await mkdir(path, { recursive: true, mode: 0o700 });
    await writeFile(join(path, OWNER_FILE), JSON.stringify(await identify(process.pid)));
    await removeAbandoned(runs);
    return new RunDirectory(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function removeAbandoned(runs: string): Promise<void> {
  for (const name of (await readdir(runs)).filter((entry) => entry.startsWith(PREFIX))) {
    const path = join(runs, name);
    const owner = await readOwner(path);
    if (owner !== undefined && !(await isRunning(owner))) await rm(path, { recursive: true, force: true });
  }
}

/** Undefined while the owner is still writing it, or has just removed it. */
async function readOwner(path: string): Promise<ProcessIdentity | undefined> {
  try {
    return JSON.parse(await readFile(join(path, OWNER_FILE), "utf8")) as ProcessIdentity;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
