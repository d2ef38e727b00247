import { availableParallelism } from "node:os";
import { join } from "node:path";
import { RayError, startBridge } from "@duet/ray";
import { plural } from "../view/format.ts";
import { EngineStartError } from "./engine-start-error.ts";
import { environmentPython, pythonPath } from "./installation.ts";
import { identify } from "./process-identity.ts";
import type { EngineStart, StartedEngine } from "./started-engine.ts";
import type { RaySize } from "./targets.ts";

/**
 * Starts the bridge with a one-node Ray of its own on 127.0.0.1, in about 5 s.
 * @throws {EngineStartError} `not-set-up`, `port-taken`, `ray-start-failed`.
 */
export async function startRay(start: EngineStart, size: RaySize): Promise<StartedEngine> {
  const python = environmentPython(".venv");
  try {
    const bridge = await startBridge({
      ...{ python, pythonPath, signal: start.signal, ...size },
      directory: join(start.directory, "ray"),
      detached: start.lifetime === "itself",
      ...(start.port === undefined ? {} : { port: start.port }),
      onProcess: async (pid) => {
        const process = await identify(pid);
        if (process !== undefined) await start.onProcess?.(process);
      },
    });
    const process = await identify(bridge.pid);
    if (process === undefined) throw new Error("the bridge to Ray ended as soon as it had started");
    return {
      url: bridge.url,
      token: bridge.token,
      gcsAddress: bridge.gcsAddress,
      ...(bridge.tokenPath === undefined ? {} : { tokenPath: bridge.tokenPath }),
      description: describe(bridge.rayVersion, size),
      process,
      kill: () => {
        killBridge(bridge.pid);
      },
      [Symbol.asyncDispose]: () => bridge.stop(),
    };
  } catch (cause) {
    if (!(cause instanceof RayError)) throw cause;
    const [message = cause.message, ...details] = cause.message.trim().split("\n");
    const help = "run `duet doctor`; the lines above are Ray's own";
    throw new EngineStartError({ code: cause.code, message, details: details.slice(-12), help, cause });
  }
}

function describe(version: string, { cpus, gpus, resources = {} }: RaySize): string {
  const parts = [`Ray ${version}`, plural(cpus ?? availableParallelism(), "CPU")];
  if (gpus !== undefined && gpus > 0) parts.push(plural(gpus, "logical GPU"));
  for (const [name, amount] of Object.entries(resources)) parts.push(`${amount} ${name}`);
  return parts.join(", ");
}

/** The bridge takes its Ray with it at SIGTERM; nobody waits for that here. */
function killBridge(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
