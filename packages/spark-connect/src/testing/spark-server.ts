import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync } from "node:fs";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SparkSession } from "../spark-session.ts";

/** The servers that the tests run on. */
export type ServerKind = "sail" | "apache";

/** What a suite needs of a server: its address, and a folder that both sides reach. */
export interface ServerUnderTest {
  readonly url: string;
  readonly folder: string;
}

/** A server that a test has started, in a folder of its own. */
export interface SparkServer extends ServerUnderTest, AsyncDisposable {
  readonly kind: ServerKind;
  readonly pid: number;
  /** Ends the server at once, as a crash would. */
  kill(): Promise<void>;
}

const ROOT = join(import.meta.dirname, "..", "..", "..", "..");

/** Milliseconds that a server has to answer. */
const START_TIMEOUT = 90_000;

/** Starts a server and waits until a session can be opened on it. */
export async function startSparkServer(kind: ServerKind, port?: number): Promise<SparkServer> {
  const folder = await mkdtemp(join(tmpdir(), `duet-${kind}-`));
  const chosenPort = port ?? (await freePort());
  const log = await open(join(folder, "server.log"), "w");
  const { program, parameters, environment } =
    kind === "sail" ? sailCommand(chosenPort) : apacheCommand(chosenPort, folder);
  const child = spawn(program, parameters, {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ["ignore", log.fd, log.fd],
  });
  await log.close();
  const url = `sc://127.0.0.1:${chosenPort}`;
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, "exit");
    }
  };
  try {
    await waitUntilReady(child, url);
  } catch (error) {
    await end("SIGKILL");
    throw new Error(`${kind} did not start:\n${await readFile(join(folder, "server.log"), "utf8")}`, {
      cause: error,
    });
  }
  return {
    kind,
    url,
    pid: child.pid ?? 0,
    folder,
    kill: () => end("SIGKILL"),
    [Symbol.asyncDispose]: async () => {
      await end("SIGTERM");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function waitUntilReady(child: ChildProcess, url: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT;
  for (;;) {
    try {
      await using session = await SparkSession.connect({ url, retry: { maxRetries: 0 } });
      await session.sql("select 1").collect();
      return;
    } catch (error) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw error;
      }
      await sleep(200);
    }
  }
}

interface ServerCommand {
  readonly program: string;
  readonly parameters: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

function sailCommand(port: number): ServerCommand {
  const program = join(ROOT, ".venv", "bin", "sail");
  return {
    program: required(program),
    parameters: ["spark", "server", "--ip", "127.0.0.1", "--port", String(port)],
    environment: {},
  };
}

function apacheCommand(port: number, folder: string): ServerCommand {
  const environment = join(ROOT, ".venv-apache");
  const [home] = globSync(join(environment, "lib", "python3.*", "site-packages", "pyspark"));
  const settings = {
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.connect.grpc.binding.port": port,
    "spark.connect.progress.reportInterval": "200ms",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    // Starts in half the time on a busy machine: no second compiler, no collector threads.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.driver.memory": "2g",
    "spark.scheduler.mode": "FAIR",
    "spark.sql.shuffle.partitions": 2,
    "spark.sql.warehouse.dir": join(folder, "warehouse"),
    "spark.ui.enabled": false,
  };
  return {
    program: required(join(home ?? environment, "bin", "spark-submit")),
    parameters: [
      ...["--master", "local[2]", "--class", "org.apache.spark.sql.connect.service.SparkConnectServer"],
      ...Object.entries(settings).flatMap(([key, value]) => ["--conf", `${key}=${value}`]),
      "spark-internal",
    ],
    environment: {
      SPARK_HOME: home ?? "",
      SPARK_LOCAL_IP: "127.0.0.1",
      PYSPARK_PYTHON: join(environment, "bin", "python"),
    },
  };
}

function required(program: string): string {
  if (!existsSync(program)) {
    throw new Error(`${program} is missing: run \`npm run setup\``);
  }
  return program;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
