import { join } from "node:path";
import * as v from "valibot";
import { installationDirectory } from "./installation.ts";
import { ServerProcess } from "./server-process.ts";
import type { EngineStart, StartedEngine } from "./started-engine.ts";

/** Two Apache Spark drivers on a busy machine; Sail is there in a second. */
const START_TIMEOUT_MS = 180_000;

/** The line that `duet gateway --json` prints when it listens. */
const STARTED = /^\{"url":.*\}$/mu;

const started = v.object({
  url: v.string(),
  admin: v.string(),
  spark: v.optional(v.picklist(["sail", "apache"])),
  drivers: v.array(v.unknown()),
});

/**
 * Starts `duet gateway` and waits until one of its drivers takes sessions. Without a `[gateway]` in `$DUET_HOME/duet.toml`
 * it has two drivers, of this kind.
 * @throws {EngineStartError} `engine-ended` with what the gateway says, `engine-timeout`
 */
export async function startGatewayProcess(
  start: EngineStart,
  spark: "sail" | "apache",
): Promise<StartedEngine> {
  const listen = start.port === undefined ? [] : ["--listen", `127.0.0.1:${start.port}`];
  const server = await ServerProcess.start({
    title: "The gateway",
    command: process.execPath,
    arguments: [
      ...[join(installationDirectory, "packages/duet/bin/duet.mjs"), "gateway", "--json", ...listen],
      ...(spark === "sail" ? [] : ["--spark", spark]),
    ],
    environment: { DUET_HOME: start.home, NO_COLOR: "1" },
    workingDirectory: start.directory,
    logFile: join(start.directory, "gateway.log"),
    lifetime: start.lifetime,
  });
  try {
    const identity = await server.identity();
    await start.onProcess?.(identity);
    const limits = { timeout: START_TIMEOUT_MS, interval: 50, signal: start.signal };
    const [line] = await server.waitFor(() => server.printed(STARTED), limits);
    const { url, admin, spark: kind, drivers } = v.parse(started, JSON.parse(line));
    await server.waitFor(async () => ((await isReady(admin, start.signal)) ? true : undefined), limits);
    return {
      ...{ url, adminUrl: admin, process: identity },
      ...(kind === undefined ? {} : { spark: kind }),
      description: `gateway, ${drivers.length} drivers`,
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

/** Whether a gateway has a driver that takes sessions. */
export async function isReady(adminUrl: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(`${adminUrl}/readyz`, { signal });
    await response.body?.cancel();
    return response.ok;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TypeError) return false;
    throw error;
  }
}
