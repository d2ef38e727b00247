import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SparkSession } from "@duet/spark-connect";

const root = resolve(import.meta.dirname, "../../..");

/** Python of the environment with Ray, Sail and pyarrow. */
export const python = join(root, ".venv/bin/python");

/** The folder of the `duet` Python package. */
export const pythonPath = join(root, "python");

/** A Spark Connect server of a test's own, ended when it is disposed and also when this process dies. */
export interface SparkServer extends AsyncDisposable {
  readonly url: string;
}

/** Starts Sail in a folder of its own and waits until a session can be opened. */
export function startSail(directory: string): Promise<SparkServer> {
  return startServer(directory, 30_000, (port) => [
    ...["sail", "spark", "server", "--ip", "127.0.0.1"],
    ...["--port", String(port)],
  ]);
}

/** Starts Apache Spark in local mode in a folder of its own and waits until a session can be opened. */
export function startApacheSpark(directory: string): Promise<SparkServer> {
  return startServer(directory, 120_000, (port) => [
    ...["command", join(root, ".venv-apache/bin/spark-submit")],
    ...["--master", "local[2]", "--driver-memory", "1g"],
    ...["--class", "org.apache.spark.sql.connect.service.SparkConnectServer"],
    ...Object.entries({
      "spark.connect.grpc.binding.address": "127.0.0.1",
      "spark.connect.grpc.binding.port": String(port),
      "spark.driver.bindAddress": "127.0.0.1",
      "spark.driver.host": "127.0.0.1",
      "spark.log.level": "ERROR",
      "spark.sql.warehouse.dir": join(directory, "warehouse"),
      "spark.ui.enabled": "false",
    }).flatMap(([key, value]) => ["--conf", `${key}=${value}`]),
    "spark-internal",
  ]);
}

async function startServer(
  directory: string,
  patience: number,
  command: (port: number) => readonly string[],
): Promise<SparkServer> {
  await mkdir(directory, { recursive: true });
  const port = await freePort();
  const child = spawn(python, ["-m", "duet.keeper", ...command(port)], {
    cwd: directory,
    env: {
      ...process.env,
      PYTHONPATH: pythonPath,
      PYSPARK_PYTHON: join(root, ".venv-apache/bin/python"),
      SPARK_HOME: undefined,
      SPARK_CONF_DIR: directory,
    },
    stdio: ["pipe", "ignore", "inherit"],
  });
  const url = `sc://127.0.0.1:${port}`;
  const ended = once(child, "exit").then(() => {
    throw new Error(`the Spark server ended with ${String(child.exitCode)}`);
  });
  try {
    await Promise.race([listening(port, Date.now() + patience).then(() => answers(url)), ended]);
  } catch (error) {
    await end(child);
    throw error;
  }
  ended.catch(() => undefined);
  return { url, [Symbol.asyncDispose]: () => end(child) };
}

async function listening(port: number, deadline: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(20);
    } finally {
      socket.destroy();
    }
  }
}

async function answers(url: string): Promise<void> {
  await using session = await SparkSession.connect({ url });
  await session.range(0, 1).collect();
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
