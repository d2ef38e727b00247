import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { freePort } from "./free-port.ts";
import type { DriverLauncher, LaunchedDriver } from "./launcher.ts";
import { processorTime } from "./processor-time.ts";

/** A program that serves Spark Connect on a port of 127.0.0.1, and ends when its standard input is closed. */
export interface DriverCommand {
  readonly program: string;
  arguments(port: number): readonly string[];
  /** Added to the gateway's own. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** What it prints is added here. */
  readonly logFile: string;
  /** Milliseconds that it has to end by itself before it is killed. */
  readonly grace: number;
}

/** How many of the last lines of its log are told when a driver ends by itself. */
const LOG_LINES = 5;

/** A driver that is a process on this machine. Each start takes a port that is free then. */
export function localProcess(command: DriverCommand): DriverLauncher {
  return {
    ours: true,
    launch: async () => {
      const port = await freePort();
      await using log = await open(command.logFile, "a", 0o600);
      const child = spawn(command.program, command.arguments(port), {
        cwd: command.workingDirectory,
        env: { ...process.env, ...command.environment },
        // In a process group of its own, so that the terminal's Ctrl-C does not reach it.
        detached: true,
        stdio: ["pipe", log.fd, log.fd],
      });
      await once(child, "spawn");
      return new LocalDriver(child, port, command);
    },
  };
}

class LocalDriver implements LaunchedDriver {
  readonly address: { readonly host: string; readonly port: number };
  readonly workingFolder: string;
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  readonly #grace: number;

  constructor(child: ChildProcess, port: number, { logFile, grace, workingDirectory }: DriverCommand) {
    this.address = { host: "127.0.0.1", port };
    this.workingFolder = resolve(workingDirectory);
    this.#child = child;
    this.#grace = grace;
    // A process that has just ended must not end us with EPIPE.
    child.stdin?.on("error", () => undefined);
    this.#exit = once(child, "exit");
    this.ended = this.#exit.then(async () => {
      const how = child.signalCode ?? `exit code ${String(child.exitCode)}`;
      const words = await lastLines(logFile);
      return `its process has ended (${how})${words === "" ? "" : `: ${words}`}`;
    });
  }

  async processorTime(): Promise<number | undefined> {
    return this.#child.pid === undefined ? undefined : processorTime(this.#child.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.pid === undefined || this.#hasEnded()) return;
    this.#child.stdin?.end();
    this.#child.kill("SIGTERM");
    const { promise: due, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(resolve, this.#grace, undefined);
    await Promise.race([this.#exit, due]);
    clearTimeout(timer);
    if (this.#hasEnded()) return;
    process.kill(-this.#child.pid, "SIGKILL");
    await this.#exit;
  }

  #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

async function lastLines(file: string): Promise<string> {
  await using handle = await open(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  });
  if (handle === undefined) return "its log is not there any more";
  const { size } = await handle.stat();
  const length = Math.min(size, 4096);
  const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
  return buffer.toString("utf8").trimEnd().split("\n").slice(-LOG_LINES).join(" | ");
}
