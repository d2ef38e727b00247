/**
 * A gateway with one Sail behind it, in a process of its own. Run as a program it is that process: it prints both
 * addresses as JSON and ends when its standard input does.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { sail, startGateway } from "@duet/gateway";
import { python, pythonPath } from "./machine.ts";

/** Keeps Node's young generation small: what passes through is garbage at once, and lies outside of it anyway. */
const FLAGS = ["--max-semi-space-size=2"];

/** Addresses of a gateway and of the driver behind it. */
interface Addresses {
  readonly gateway: string;
  readonly driver: string;
}

/** A running gateway. */
export interface GatewayProcess extends Addresses, AsyncDisposable {
  /** The most memory that the gateway's process has held so far, in MB. */
  peakMemory(): Promise<number>;
}

/** Starts one and waits until its driver is ready. */
export async function startGatewayProcess(): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [...FLAGS, import.meta.filename], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  if (value === undefined) throw new Error("the gateway did not start");
  const addresses = JSON.parse(value) as Addresses;
  return {
    ...addresses,
    peakMemory: async () => {
      const status = await readFile(`/proc/${String(child.pid)}/status`, "utf8");
      return Number(/VmHWM:\s*(\d+) kB/u.exec(status)?.[1]) / 1000;
    },
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, "exit");
      child.stdin.end();
      await ended;
    },
  };
}

async function serve(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "duet-bench-"));
  const gateway = await startGateway();
  gateway.pool.add({ id: "sail" }, sail({ python, packages: pythonPath, directory }));
  gateway.pool.listen(({ driver: { state, connection } }) => {
    if (state !== "ready" || connection === undefined) return;
    const addresses: Addresses = { gateway: gateway.url, driver: `sc://${connection.name}` };
    console.log(JSON.stringify(addresses));
  });
  process.stdin.resume();
  await once(process.stdin, "end");
  await gateway[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
}

if (import.meta.main) await serve();
