import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { EngineStartError } from "./engine-start-error.ts";
import { endTree, identify, type ProcessIdentity } from "./process-identity.ts";

/** How to start a server. */
export interface ServerCommand {
  /** For messages: `Sail`. */
  readonly title: string;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** What it prints goes here. */
  readonly logFile: string;
  /**
   * `parent`: the server watches its standard input and ends when this process does, kill -9 included.
   * `itself`: it goes on without us.
   */
  readonly lifetime: "parent" | "itself";
}

/** A server that Duet has started, in a session of its own so that the terminal's Ctrl-C does not reach it. */
export class ServerProcess implements AsyncDisposable {
  readonly title: string;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #logFile: string;
  readonly #grace: number;
  #ended: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined;

  private constructor(command: ServerCommand, child: ChildProcess, pid: number, grace: number) {
    this.title = command.title;
    this.pid = pid;
    this.#child = child;
    this.#logFile = command.logFile;
    this.#grace = grace;
    child.once("exit", (code, signal) => (this.#ended = { code, signal }));
  }

  /**
   * Starts the server. `grace` is how many milliseconds it gets to end by itself.
   * @throws {EngineStartError} `engine-not-started` when the system cannot start it.
   */
  static async start(command: ServerCommand, grace = 5_000): Promise<ServerProcess> {
    const log = openSync(command.logFile, "a", 0o600);
    try {
      const child = spawn(command.command, command.arguments, {
        cwd: command.workingDirectory,
        env: { ...process.env, ...command.environment },
        detached: true,
        stdio: [command.lifetime === "parent" ? "pipe" : "ignore", log, log],
      });
      await new Promise<void>((resolve, reject) => {
        child.once("spawn", resolve);
        child.once("error", reject);
      });
      // A server that has just ended must not end us with EPIPE.
      child.stdin?.on("error", () => undefined);
      if (child.pid === undefined) throw new Error("it has no process id");
      if (command.lifetime === "itself") child.unref();
      return new ServerProcess(command, child, child.pid, grace);
    } catch (cause) {
      throw new EngineStartError({
        code: "engine-not-started",
        message: `${command.title} could not be started: ${(cause as Error).message}`,
        help: "run `duet doctor` to see what is missing",
        cause,
      });
    } finally {
      closeSync(log);
    }
  }

  /** Identifies the process for a later `duet down`. */
  async identity(): Promise<ProcessIdentity> {
    const identity = await identify(this.pid);
    if (identity === undefined) throw await this.#failure("engine-ended", "ended while it was starting");
    return identity;
  }

  /**
   * Waits until `probe` gives a value; asks it every `interval` milliseconds.
   * @throws {EngineStartError} `engine-ended` when the server ends before, `engine-timeout` after `timeout` ms.
   */
  async waitFor<T>(
    probe: () => Promise<T | undefined>,
    options: { readonly timeout: number; readonly interval: number; readonly signal: AbortSignal },
  ): Promise<T> {
    const deadline = performance.now() + options.timeout;
    for (;;) {
      options.signal.throwIfAborted();
      const value = await probe();
      if (value !== undefined) return value;
      if (this.#ended !== undefined) {
        const { code, signal } = this.#ended;
        const how = signal ?? `exit code ${String(code)}`;
        throw await this.#failure("engine-ended", `ended while it was starting (${how})`);
      }
      if (performance.now() > deadline) {
        const seconds = Math.round(options.timeout / 1000);
        throw await this.#failure("engine-timeout", `did not answer within ${seconds} s`);
      }
      await sleep(options.interval, undefined, { signal: options.signal });
    }
  }

  /** The first match of `pattern` in what the server has printed so far. */
  async printed(pattern: RegExp): Promise<RegExpExecArray | undefined> {
    return pattern.exec(await readFile(this.#logFile, "utf8")) ?? undefined;
  }

  /** Kills it at once, without waiting: for a second Ctrl-C. */
  kill(): void {
    if (this.#ended === undefined) this.#child.kill("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended !== undefined) return;
    const identity = await identify(this.pid);
    this.#child.stdin?.end();
    if (identity !== undefined) await endTree(identity, this.#grace);
  }

  async #failure(code: string, what: string): Promise<EngineStartError> {
    return new EngineStartError({
      code,
      message: `${this.title} ${what}`,
      help: "run `duet doctor`; the lines above are the engine's own",
      details: await lastLines(this.#logFile, 12),
    });
  }
}

/** The last lines of a file, which may be large; empty when it is not there. */
async function lastLines(file: string, count: number): Promise<readonly string[]> {
  try {
    await using handle = await open(file);
    const { size } = await handle.stat();
    const length = Math.min(size, 32_768);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString("utf8").trimEnd().split("\n").slice(-count);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
