import { join } from "node:path";
import { EngineStartError } from "./engine-start-error.ts";
import { isListening } from "./free-port.ts";
import { environmentPython, pythonPath } from "./installation.ts";
import { sparkMemory } from "./machine-memory.ts";
import { packageVersion } from "./package-version.ts";
import { ServerProcess } from "./server-process.ts";
import type { EngineStart, StartedEngine } from "./started-engine.ts";

/** Sail ends a session after 15 idle minutes by default; a training in Ray may well take longer than that. */
const SESSION_TIMEOUT_SECONDS = 7 * 24 * 3600;

const START_TIMEOUT_MS = 30_000;

/** Sail ends at once when it is told to; one that does not hangs. */
const GRACE_MS = 1_000;

/** What Sail prints once it listens; with port 0 the only place where its port is told. */
const LISTENING = /Starting the Spark Connect server on 127\.0\.0\.1:(\d+)/u;

/**
 * Starts Sail on 127.0.0.1, in about 0.1 s. Its memory is bounded: a query that needs more fails and the
 * machine lives on.
 * @throws {EngineStartError} `not-set-up`, `port-taken`, `engine-ended`, `engine-timeout`.
 */
export async function startSail(start: EngineStart): Promise<StartedEngine> {
  if (start.port !== undefined && (await isListening(start.port))) throw portTaken("Sail", start.port);
  const server = await ServerProcess.start(
    {
      title: "Sail",
      command: environmentPython(".venv"),
      arguments: [
        ...(start.lifetime === "parent" ? ["-m", "duet.keeper", "sail"] : ["-m", "pysail"]),
        ...["spark", "server", "--ip", "127.0.0.1", "--port", String(start.port ?? 0)],
      ],
      environment: sailEnvironment(),
      workingDirectory: start.directory,
      logFile: join(start.directory, "sail.log"),
      lifetime: start.lifetime,
    },
    GRACE_MS,
  );
  try {
    const identity = await server.identity();
    await start.onProcess?.(identity);
    const port = await server.waitFor(async () => (await server.printed(LISTENING))?.[1], {
      timeout: START_TIMEOUT_MS,
      interval: 5,
      signal: start.signal,
    });
    return {
      url: `sc://127.0.0.1:${port}`,
      description: `Sail ${packageVersion(".venv", "pysail") ?? ""}`.trimEnd(),
      process: identity,
      kill: () => {
        server.kill();
      },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

/** The error for a port that was asked for and is taken. */
export function portTaken(title: string, port: number): EngineStartError {
  return new EngineStartError({
    code: "port-taken",
    message: `port ${port} of 127.0.0.1 is taken, and ${title} was asked to use it`,
    help: "name another port, or leave it out: then a free one is chosen",
  });
}

function sailEnvironment(): Readonly<Record<string, string>> {
  return {
    // User-defined functions run inside Sail and may import the duet package.
    PYTHONPATH: [pythonPath, process.env.PYTHONPATH].filter(Boolean).join(":"),
    RUST_LOG: process.env.DUET_SAIL_LOG ?? "warn,sail_cli=info",
    SAIL_RUNTIME__MEMORY_POOL__TYPE: "greedy",
    SAIL_RUNTIME__MEMORY_POOL__GREEDY__MAX_SIZE: String(sparkMemory()),
    SAIL_SPARK__SESSION_TIMEOUT_SECS: String(SESSION_TIMEOUT_SECONDS),
  };
}
