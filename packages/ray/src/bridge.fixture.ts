import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectRay } from "./connect-ray.ts";
import type { RayClient } from "./ray-client.ts";
import type { RayEvent } from "./ray-event.ts";
import { startBridge, type BridgeProcess, type StartBridgeOptions } from "./start-bridge.ts";
import type { FunctionReference } from "./task-request.ts";

const ROOT = join(import.meta.dirname, "../../..");

/** For tests: a real bridge with a one-node Ray of 2 CPUs in a temporary folder, and a client of it. */
export interface BridgeFixture extends AsyncDisposable {
  readonly bridge: BridgeProcess;
  readonly client: RayClient;
}

/** For tests: options that start the repository's own bridge in `directory`. */
export function bridgeOptions(directory: string): StartBridgeOptions {
  return {
    python: join(ROOT, ".venv/bin/python"),
    pythonPath: join(ROOT, "python"),
    directory,
    cpus: 2,
    onOutput: (text) => process.stderr.write(text),
  };
}

/** For tests: starts all of it. */
export async function startFixture(): Promise<BridgeFixture> {
  const directory = await mkdtemp(join(tmpdir(), "duet-ray-test-"));
  const bridge = await startBridge(bridgeOptions(directory));
  const client = await connectRay(bridge);
  return {
    bridge,
    client,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await bridge.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** For tests: a function in a source text; the name is that of its last `def`. */
export function python(source: string): FunctionReference {
  const name = [...source.matchAll(/^def (\w+)/gm)].at(-1)?.[1];
  if (name === undefined) throw new Error(`No def in ${source}`);
  return { source, name };
}

/** For tests: gathers a run's events from now on until the run is ended. */
export function gather(
  client: RayClient,
  run: string,
): { readonly events: RayEvent[]; readonly ended: Promise<void> } {
  const events: RayEvent[] = [];
  const stream = client.events({ run });
  const ended = (async () => {
    for await (const event of stream) events.push(event);
  })();
  return { events, ended };
}
