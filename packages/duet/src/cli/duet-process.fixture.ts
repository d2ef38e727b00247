import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunEvent } from "@duet/engine";
import { descendants, identify, isRunning, type ProcessIdentity } from "../embedded/process-identity.ts";

/** The command line's program, for Node. */
export const duetProgram = join(import.meta.dirname, "../../bin/duet.mjs");

/** How a finished `duet` ended. */
export interface DuetResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `duet` of a test, with a `$DUET_HOME` and a working directory of its own. */
export class TestHome implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes an empty home in a temporary folder. */
  static async make(): Promise<TestHome> {
    return new TestHome(await mkdtemp(join(tmpdir(), "duet-cli-")));
  }

  /** Starts `duet` with these arguments. */
  start(
    parameters: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    options: StartOptions = {},
  ): RunningDuet {
    return new RunningDuet(parameters, this.path, environment, options);
  }

  /** Runs `duet` to its end. */
  run(
    parameters: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<DuetResult> {
    return this.start(parameters, environment).result;
  }

  /** Names of the directories of runs that are there now; none when nothing runs. */
  async runDirectories(): Promise<readonly string[]> {
    try {
      return await readdir(join(this.path, "runs"));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** How a `duet` of a test is started. */
export interface StartOptions {
  /** In a process group of its own, as a shell starts a command; else in the test's. */
  readonly ownGroup?: boolean;
}

/** A `duet` that runs. */
export class RunningDuet {
  readonly result: Promise<DuetResult>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  #stdout = "";
  #stderr = "";

  constructor(
    parameters: readonly string[],
    home: string,
    environment: Readonly<Record<string, string>>,
    { ownGroup = false }: StartOptions,
  ) {
    const child = spawn(process.execPath, [duetProgram, ...parameters], {
      cwd: home,
      env: { ...process.env, DUET_HOME: home, NO_COLOR: "1", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      detached: ownGroup,
    });
    this.#child = child;
    child.stdout.setEncoding("utf8").on("data", (text: string) => (this.#stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#stderr += text));
    this.result = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error("duet did not start");
    return pid;
  }

  /** Sends a signal to the process itself. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Closes the reading end of its standard output. */
  closeOutput(): void {
    this.#child.stdout.destroy();
  }

  /** Waits until the output holds a text. */
  async until(text: string, milliseconds = 60_000): Promise<void> {
    const deadline = performance.now() + milliseconds;
    while (!`${this.#stdout}${this.#stderr}`.includes(text)) {
      if (performance.now() > deadline || this.#child.exitCode !== null) {
        throw new Error(`duet did not print ${text}, but:\n${this.#stdout}\n${this.#stderr}`);
      }
      await sleep(20);
    }
  }

  /** Itself and all processes below it, as they are now. */
  async tree(): Promise<readonly ProcessIdentity[]> {
    const own = await identify(this.pid);
    if (own === undefined) throw new Error("duet has ended");
    return [own, ...(await descendants(own))];
  }
}

/** Those of the processes that still run after `milliseconds`. */
export async function survivors(
  tree: readonly ProcessIdentity[],
  milliseconds = 15_000,
): Promise<readonly ProcessIdentity[]> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    const running = await Promise.all(tree.map(isRunning));
    const left = tree.filter((_, index) => running[index] === true);
    if (left.length === 0 || performance.now() > deadline) return left;
    await sleep(50);
  }
}

/** The events that `duet run --json` has printed. */
export function eventsOf(result: DuetResult): readonly RunEvent[] {
  return result.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as RunEvent);
}
