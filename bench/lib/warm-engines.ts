import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startBridge } from "@duet/ray";
import { startSail } from "../../packages/engine/test/spark-server.ts";
import { python, pythonPath, root } from "./machine.ts";

/** A Sail and a one-node Ray that Duet and its peers share. */
export interface WarmEngines extends AsyncDisposable {
  /** `sc://host:port` */
  readonly spark: string;
  /** What `ray.init(address=…)` takes. */
  readonly rayAddress: string;
  /** The bridge to the same Ray. */
  readonly bridge: { readonly url: string; readonly token: string };
  /** For programs that join this Ray. */
  readonly environment: Readonly<Record<string, string>>;
  /** A folder that goes with the engines. */
  readonly directory: string;
}

/** Without the first setting Ray listens on all interfaces; the second is what Duet's own Ray has too. */
const RAY_SETTINGS = {
  RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER: "0",
  RAY_DATA_USE_DATASOURCE_V2: "0",
  RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S: "0",
};

/** Starts both engines; a Ray of its own with 2 CPUs, which `ray.init` by hand and Duet's bridge join alike. */
export async function startWarmEngines(): Promise<WarmEngines> {
  const directory = await mkdtemp(join(tmpdir(), "duet-b-"));
  await using started = new AsyncDisposableStack();
  started.defer(() => rm(directory, { recursive: true, force: true }));
  const tokenFile = join(directory, "token");
  await writeFile(tokenFile, randomBytes(32).toString("hex"), { mode: 0o600 });
  const settings = { ...RAY_SETTINGS, RAY_AUTH_MODE: "token", RAY_AUTH_TOKEN_PATH: tokenFile };
  // The bridge and Sail inherit them; Sail says a line for each session otherwise.
  Object.assign(process.env, settings, { RUST_LOG: "warn" });
  const sail = started.use(await startSail(join(directory, "sail")));
  const port = await freePort();
  const rayAddress = `127.0.0.1:${String(port)}`;
  started.use(await startRay(port, directory));
  const bridge = started.use(
    await startBridge({ python, pythonPath, directory: join(directory, "bridge"), address: rayAddress }),
  );
  const all = started.move();
  return {
    spark: sail.url,
    rayAddress,
    bridge,
    environment: { ...settings, PYTHONPATH: pythonPath },
    directory,
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  };
}

async function startRay(port: number, directory: string): Promise<AsyncDisposable> {
  const settings = {
    "node-ip-address": "127.0.0.1",
    port: String(port),
    "num-cpus": "2",
    "include-dashboard": "false",
    "temp-dir": join(directory, "ray"),
  };
  const options = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const ray = join(root, ".venv/bin/ray");
  const child = spawn(ray, ["start", "--head", "--block", "--disable-usage-stats", ...options], {
    env: { ...process.env, PYTHONPATH: pythonPath },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const deadline = Date.now() + 60_000;
  while (!output.includes("Ray runtime started")) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`Ray did not start: ${output}`);
    await sleep(50);
  }
  return {
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM"); // With --block, `ray start` ends what it has started.
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
