import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { ScriptRefused } from "../script-refused.ts";
import type { ProcessEnd } from "./process-end.ts";
import { readLines } from "./read-lines.ts";
import { runMark } from "./run-mark.ts";
import { type EndingSignal, SignalWitness } from "./signal-witness.ts";

/** How a script's Python is started. */
export interface ScriptCommand {
  /** The run's id. */
  readonly run: string;
  readonly python: string;
  /** The script and what follows it. */
  readonly arguments: readonly string[];
  readonly workingDirectory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly stdin: "inherit" | "ignore";
  /** Absent: what it prints goes where our own output goes. */
  readonly onLine?: (stream: "stdout" | "stderr", line: string) => Promise<void>;
}

/** A script that has been told to stop gets so long to end by itself, and then once more as long. Milliseconds. */
const PATIENCE_MS = 2_000;
const LAST_PATIENCE_MS = 1_000;

/**
 * The process of a script: a child of this one in its process group and terminal, so that Ctrl-C, `input()` and job
 * control are as they are for Python itself.
 */
export class ScriptProcess implements Disposable {
  /** How it ended, when all that it has printed has been read. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  readonly #witness: SignalWitness;

  private constructor(child: ChildProcess, command: ScriptCommand) {
    this.#child = child;
    this.#witness = new SignalWitness(runMark(command.run));
    const { onLine } = command;
    const read = (stream: Readable | null, name: "stdout" | "stderr"): Promise<void> =>
      stream === null || onLine === undefined
        ? Promise.resolve()
        : readLines(stream, (line) => onLine(name, line));
    const printed = Promise.all([read(child.stdout, "stdout"), read(child.stderr, "stderr")]);
    const exited = new Promise<ProcessEnd>((resolve) =>
      child.once("exit", (code, signal) => {
        resolve({ code, signal });
      }),
    );
    this.ended = exited.then(async (end) => {
      // A process that the script has left running may hold the pipes open for as long as it likes.
      await Promise.race([printed, sleep(LAST_PATIENCE_MS, undefined, { ref: false })]);
      return end;
    });
  }

  /** Starts it. @throws {ScriptRefused} `python-not-started` where the system cannot. */
  static async start(command: ScriptCommand): Promise<ScriptProcess> {
    const output = command.onLine === undefined ? "inherit" : "pipe";
    const child = spawn(command.python, command.arguments, {
      cwd: command.workingDirectory,
      env: command.environment,
      stdio: [command.stdin, output, output],
    });
    const started = new ScriptProcess(child, command);
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", (error) => {
        reject(
          new ScriptRefused("python-not-started", `${command.python} cannot be started: ${error.message}`),
        );
      });
    });
    return started;
  }

  /**
   * Stops it as the signal would that this process got: it is passed on where the script did not get it anyway. A
   * script that goes on is told to end 2 s later, and killed after one more. Resolves when it has ended.
   */
  async stop(signal: EndingSignal): Promise<void> {
    if (!(await this.#witness.sawToo(signal))) this.#child.kill(signal);
    if (await this.#endsWithin(PATIENCE_MS)) return;
    this.#child.kill("SIGTERM");
    if (await this.#endsWithin(LAST_PATIENCE_MS)) return;
    this.kill();
    await this.ended;
  }

  /** Kills it at once. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  [Symbol.dispose](): void {
    this.#witness[Symbol.dispose]();
  }

  async #endsWithin(milliseconds: number): Promise<boolean> {
    const patience = new AbortController();
    const late = sleep(milliseconds, false, { signal: patience.signal }).catch(() => false);
    const result = await Promise.race([this.ended.then(() => true), late]);
    patience.abort();
    return result;
  }
}
