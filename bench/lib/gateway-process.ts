/**
 * A gateway with drivers behind it, in a process of its own. Run as a program it is that process: its argument is what
 * it is told to start, it prints its address as JSON, answers requests a line each, and ends when its standard input
 * does.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Driver, driverAt, type Gateway, startGateway } from "@duet/gateway";
import { driverProcess, testLauncher } from "@duet/gateway/testing";

/** Keeps Node's young generation small: what passes through is garbage at once, and lies outside of it anyway. */
const FLAGS = ["--max-semi-space-size=2"];
const ENVIRONMENT = { ...process.env, MALLOC_ARENA_MAX: "1" };

/** A driver that the gateway starts, or one at an address. */
export type BenchDriver =
  | { readonly id: string; readonly kind: "sail" | "apache" }
  | { readonly id: string; readonly kind: "address"; readonly host: string; readonly port: number };

/** What a gateway is started with. */
export interface BenchGateway {
  readonly drivers: readonly BenchDriver[];
  /** Where it keeps its sessions; left out, in its memory. */
  readonly store?: string;
  /** Left out, one that is free. */
  readonly port?: number;
}

/** A driver as it is now. */
export interface DriverNow {
  readonly id: string;
  readonly address: string;
  /** The process that serves it; 0 for one at an address. */
  readonly process: number;
  readonly sessions: number;
}

type Request =
  | { readonly do: "add"; readonly driver: BenchDriver }
  | { readonly do: "drivers" }
  | { readonly do: "restart" };

/** A running gateway. */
export interface GatewayProcess extends AsyncDisposable {
  /** `sc://…` */
  readonly gateway: string;
  /** Address of its first driver. */
  readonly driver: string;
  readonly drivers: () => Promise<readonly DriverNow[]>;
  /** Adds a driver and waits until it is ready. */
  readonly add: (driver: BenchDriver) => Promise<void>;
  /** Restarts all drivers, one after the other. */
  readonly restart: () => Promise<void>;
  /** The most memory that the gateway's process has held so far, in MB. */
  readonly peakMemory: () => Promise<number>;
  /** What it holds now, in MB. */
  readonly memory: () => Promise<number>;
  /** Ends it as a crash would. */
  readonly kill: () => Promise<void>;
}

const ONE_SAIL: BenchGateway = { drivers: [{ id: "sail", kind: "sail" }] };

/** Starts one and waits until its drivers are ready. */
export async function startGatewayProcess(options: BenchGateway = ONE_SAIL): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [...FLAGS, import.meta.filename, JSON.stringify(options)], {
    env: ENVIRONMENT,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error("the gateway has ended");
    return JSON.parse(value);
  };
  const ask = (request: Request): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    return answer();
  };
  const kilobytes = async (field: "VmHWM" | "VmRSS"): Promise<number> => {
    const status = await readFile(`/proc/${String(child.pid)}/status`, "utf8");
    return Number(new RegExp(`${field}:\\s*(\\d+) kB`, "u").exec(status)?.[1]);
  };
  const gateway = (await answer()) as string;
  const drivers = async () => (await ask({ do: "drivers" })) as readonly DriverNow[];
  const [first] = await drivers();
  return {
    gateway,
    driver: first?.address ?? "",
    drivers,
    add: async (driver) => {
      await ask({ do: "add", driver });
    },
    restart: async () => {
      await ask({ do: "restart" });
    },
    peakMemory: async () => (await kilobytes("VmHWM")) / 1000,
    memory: async () => (await kilobytes("VmRSS")) / 1000,
    kill: async () => {
      child.kill("SIGKILL");
      await exit;
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await exit;
    },
  };
}

async function serve(options: BenchGateway): Promise<void> {
  delete process.env.MALLOC_ARENA_MAX; // As `duet gateway` does, for the drivers' sake.
  const folder = await mkdtemp(join(tmpdir(), "duet-bench-"));
  const gateway = await startGateway({
    port: options.port ?? 0,
    store: options.store === undefined ? { type: "memory" } : { type: "sqlite", file: options.store },
  });
  await Promise.all(options.drivers.map((driver) => add(gateway, folder, driver)));
  console.log(JSON.stringify(gateway.url));
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await carryOut(gateway, folder, JSON.parse(line) as Request)));
  }
  await gateway[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
}

async function carryOut(gateway: Gateway, folder: string, request: Request): Promise<unknown> {
  switch (request.do) {
    case "add":
      await add(gateway, folder, request.driver);
      return true;
    case "drivers":
      return gateway.pool.drivers.map(now);
    case "restart": {
      const steps = [];
      for await (const step of gateway.pool.restartRolling()) steps.push(step);
      return steps;
    }
  }
}

async function add(gateway: Gateway, folder: string, driver: BenchDriver): Promise<void> {
  const launcher =
    driver.kind === "address" ? driverAt(driver) : await testLauncher(driver.kind, folder, driver.id);
  const { promise: ready, resolve } = Promise.withResolvers<undefined>();
  using _listening = gateway.pool.listen(({ driver: { id, state } }) => {
    if (id === driver.id && state === "ready") resolve(undefined);
  });
  gateway.pool.add({ id: driver.id, capacity: 2_000 }, launcher);
  await ready;
}

function now({ id, connection, sessions }: Driver): DriverNow {
  const isLocal = connection !== undefined;
  return {
    id,
    address: `sc://${connection?.name ?? ""}`,
    process: isLocal ? driverProcess(connection) : 0,
    sessions,
  };
}

if (import.meta.main) await serve(JSON.parse(process.argv[2] ?? "") as BenchGateway);
