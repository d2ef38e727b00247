import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import type { EnvironmentSpec } from "./environment-source.ts";
import type { EnvironmentRequest } from "./script-environment.ts";
import { ScriptEnvironmentError } from "./script-environment-error.ts";

/** What `python -m duet.environment` answers at last. */
export interface EnvironmentAnswer {
  /** For `here`: the built environment's Python, or null where the default one does. */
  readonly python?: string | null;
  /** All files that described it, by absolute path. */
  readonly files?: readonly string[];
  /** Whether the same files always mean the same environment. */
  readonly lasting?: boolean;
  /** For `cluster`: Ray's runtime environment. */
  readonly runtimeEnv?: Readonly<Record<string, unknown>>;
}

type EnvironmentLine =
  | { readonly packages: number }
  | { readonly line: string }
  | { readonly note: string }
  | {
      readonly error: {
        readonly code: string;
        readonly message: string;
        readonly file?: string;
        readonly line?: number;
      };
    }
  | EnvironmentAnswer;

/** Has the Python side read a description and build it. Ended, with uv, when the signal is aborted or this process ends. */
export async function requestEnvironment(
  request: EnvironmentRequest,
  spec: EnvironmentSpec,
  target: "here" | "cluster",
): Promise<EnvironmentAnswer> {
  const { spark: role = "connect", cluster } = request;
  return askPython(request, { spec, role, cluster, target });
}

/**
 * Makes sure that a release of Apache Spark is there, in an environment with what its Python workers need; gives that
 * environment's Python.
 * @throws {ScriptEnvironmentError} `environment-failed` where there is no such release
 */
export async function installSparkRelease(
  request: Pick<EnvironmentRequest, "installation" | "signal" | "onBuild" | "onLine">,
  version: string,
): Promise<string> {
  const { python } = await askPython(request, { sparkRelease: version });
  if (typeof python === "string") return python;
  throw new Error(`python -m duet.environment has told no Python for Spark ${version}`);
}

async function askPython(
  request: Pick<EnvironmentRequest, "installation" | "signal" | "onBuild" | "onLine" | "onNote">,
  question: object,
): Promise<EnvironmentAnswer> {
  const { installation, signal } = request;
  signal?.throwIfAborted();
  const child = spawn(installation.python, ["-m", "duet.environment"], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, PYTHONPATH: installation.pythonPath, DUET_HOME: installation.home },
  });
  const closed = once(child, "close") as Promise<[number | null]>;
  const words = text(child.stderr);
  // Its standard input ends with this process, however that ends, and with the signal: then the build is given up.
  const giveUp = (): void => void child.stdin.end();
  signal?.addEventListener("abort", giveUp, { once: true });
  child.stdin.on("error", () => undefined);
  child.stdin.write(`${JSON.stringify(question)}\n`);
  try {
    let answer: EnvironmentAnswer | undefined;
    for await (const line of createInterface({ input: child.stdout, crlfDelay: Infinity })) {
      const message = JSON.parse(line) as EnvironmentLine;
      if ("error" in message) throw new ScriptEnvironmentError(message.error);
      if ("packages" in message) request.onBuild?.(titleOf(message.packages));
      else if ("line" in message) request.onLine?.(message.line);
      else if ("note" in message) request.onNote?.(message.note);
      else answer = message;
    }
    const [status] = await closed;
    signal?.throwIfAborted();
    if (answer !== undefined) return answer;
    throw new Error(`python -m duet.environment ended with ${String(status)}: ${(await words).trim()}`);
  } finally {
    giveUp();
    signal?.removeEventListener("abort", giveUp);
    await closed;
  }
}

function titleOf(packages: number): string {
  return `building the environment (${String(packages)} ${packages === 1 ? "package" : "packages"})`;
}
