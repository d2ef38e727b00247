import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { RayError } from "./ray-error.ts";

/** How to start a bridge. */
export interface StartBridgeOptions {
  /** The Python program that has Ray. */
  readonly python: string;
  /** The folder that holds the package `duet`. */
  readonly pythonPath: string;
  /** A folder of its own for token, ready file and log; made if missing. */
  readonly directory: string;
  /** Size of the one-node Ray: numbers of CPUs and GPUs, bytes. What the machine has by default. */
  readonly cpus?: number;
  readonly gpus?: number;
  readonly memory?: number;
  /** Its custom resources by name. */
  readonly resources?: Readonly<Record<string, number>>;
  /** A running Ray cluster to use instead of a one-node Ray: `host:port` of its head node's GCS, or `auto`. */
  readonly address?: string;
  /** More environment variables, e.g. those that a cluster with authentication asks for. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether the bridge ends when this process does, however it ends; true by default, false when detached. */
  readonly watchStdin?: boolean;
  /** Lets the bridge outlive this process; its output goes to `bridge.log` in its folder. */
  readonly detached?: boolean;
  /** A free one by default. */
  readonly port?: number;
  readonly signal?: AbortSignal;
  /** Called once there is a process, seconds before it answers. */
  readonly onProcess?: (pid: number) => Promise<void>;
  /** Gets what the bridge itself prints, in pieces as they come. */
  readonly onOutput?: (text: string) => void;
}

/** A bridge that answers. */
export interface BridgeProcess extends AsyncDisposable {
  /** `http://host:port` */
  readonly url: string;
  readonly token: string;
  readonly pid: number;
  readonly rayVersion: string;
  /** `host:port` of Ray's control service (GCS): what a Ray driver of its own connects to. */
  readonly gcsAddress: string;
  /** The file with Ray's own token, where the bridge has started that Ray. */
  readonly tokenPath: string | undefined;
  /** Ends it with its Ray; resolves when it is gone, after 5 s at most. */
  stop(): Promise<void>;
}

/** What the bridge writes when it answers. */
interface ReadyFile {
  readonly url: string;
  readonly pid: number;
  readonly rayVersion: string;
  readonly gcsAddress: string;
  readonly tokenPath?: string;
}

const START_PATIENCE = 90_000;
const POLL_INTERVAL = 20;
const STOP_PATIENCE = 4000;
/** How much of a failed bridge's output goes into the error, in characters. */
const OUTPUT_KEPT = 4000;

/**
 * Starts a bridge, by default with a one-node Ray of its own, and waits until it answers.
 *
 * @throws RayError `port-taken`, `ray-start-failed` with what the bridge said; the signal's reason.
 */
export async function startBridge(options: StartBridgeOptions): Promise<BridgeProcess> {
  options.signal?.throwIfAborted();
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const token = randomBytes(32).toString("hex");
  const tokenFile = join(options.directory, "token");
  const readyFile = join(options.directory, "ready.json");
  await rm(readyFile, { force: true });
  await writeFile(tokenFile, token, { mode: 0o600 });
  const { child, output } = spawnBridge(options, tokenFile, readyFile);
  try {
    if (child.pid !== undefined) await options.onProcess?.(child.pid);
    const ready = await waitUntilReady(child, readyFile, output, options.signal);
    return new SpawnedBridge(child, ready, token);
  } catch (error) {
    await end(child);
    throw error;
  }
}

function spawnBridge(
  options: StartBridgeOptions,
  tokenFile: string,
  readyFile: string,
): { readonly child: ChildProcess; readonly output: () => Promise<string> } {
  const watchStdin = options.watchStdin ?? options.detached !== true;
  const logFile = join(options.directory, "bridge.log");
  const log = options.detached === true ? openSync(logFile, "w", 0o600) : undefined;
  const child = spawn(options.python, commandLine(options, tokenFile, readyFile, watchStdin), {
    stdio: [watchStdin ? "pipe" : "ignore", log ?? "pipe", log ?? "pipe"],
    // A group of its own: Ctrl-C in the terminal is this process's to handle.
    detached: true,
    env: { ...process.env, ...options.environment, PYTHONPATH: options.pythonPath, PYTHONUNBUFFERED: "1" },
    cwd: options.directory,
  });
  if (log !== undefined) {
    closeSync(log);
    child.unref();
    return { child, output: () => readFile(logFile, "utf8") };
  }
  let kept = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      kept = (kept + text).slice(-OUTPUT_KEPT);
      options.onOutput?.(text);
    });
  }
  child.stdin?.on("error", () => undefined);
  return { child, output: () => Promise.resolve(kept) };
}

function commandLine(
  options: StartBridgeOptions,
  tokenFile: string,
  readyFile: string,
  watchStdin: boolean,
): string[] {
  const sizes = { "--num-cpus": options.cpus, "--num-gpus": options.gpus, "--memory": options.memory };
  const { resources } = options;
  return [
    "-m",
    "duet.bridge",
    ...["--port", String(options.port ?? 0), "--token-file", tokenFile, "--ready-file", readyFile],
    ...(options.address === undefined ? ["--embedded"] : ["--address", options.address]),
    ...Object.entries(sizes).flatMap(([name, size]) => (size === undefined ? [] : [name, String(size)])),
    ...(resources === undefined ? [] : ["--resources", JSON.stringify(resources)]),
    ...(watchStdin ? ["--watch-stdin"] : []),
  ];
}

async function waitUntilReady(
  child: ChildProcess,
  readyFile: string,
  output: () => Promise<string>,
  signal: AbortSignal | undefined,
): Promise<ReadyFile> {
  let failure: Error | undefined;
  child.once("error", (error) => {
    failure = error;
  });
  const deadline = Date.now() + START_PATIENCE;
  for (;;) {
    signal?.throwIfAborted();
    if (failure !== undefined) {
      const message = `The bridge to Ray cannot be started: ${failure.message}`;
      throw new RayError({ code: "ray-start-failed", message }, { cause: failure });
    }
    if (child.exitCode !== null || child.signalCode !== null) throw await startFailed(child, output);
    try {
      return JSON.parse(await readFile(readyFile, "utf8")) as ReadyFile;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    if (Date.now() > deadline) {
      const message = `Ray did not start within ${START_PATIENCE / 1000} s. ${(await output()).trim()}`;
      throw new RayError({ code: "ray-start-failed", message });
    }
    await delay(POLL_INTERVAL, undefined, signal === undefined ? {} : { signal });
  }
}

async function startFailed(child: ChildProcess, output: () => Promise<string>): Promise<RayError> {
  // The last output arrives a moment after the end.
  await delay(50);
  const said = (await output()).trim().slice(-OUTPUT_KEPT);
  if (child.exitCode === 3) return new RayError({ code: "port-taken", message: said });
  const how =
    child.exitCode === null ? `by ${child.signalCode ?? "a signal"}` : `with status ${child.exitCode}`;
  return new RayError({ code: "ray-start-failed", message: `The bridge to Ray ended ${how}. ${said}` });
}

class SpawnedBridge implements BridgeProcess {
  readonly url: string;
  readonly token: string;
  readonly pid: number;
  readonly rayVersion: string;
  readonly gcsAddress: string;
  readonly tokenPath: string | undefined;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, ready: ReadyFile, token: string) {
    this.#child = child;
    this.url = ready.url;
    this.token = token;
    this.pid = ready.pid;
    this.rayVersion = ready.rayVersion;
    this.gcsAddress = ready.gcsAddress;
    this.tokenPath = ready.tokenPath;
  }

  async stop(): Promise<void> {
    await end(this.#child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const impatience = setTimeout(() => {
    child.kill("SIGKILL");
  }, STOP_PATIENCE);
  await exited;
  clearTimeout(impatience);
}
