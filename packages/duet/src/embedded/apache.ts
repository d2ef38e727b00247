import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { EngineStartError } from "./engine-start-error.ts";
import { freePort, isListening } from "./free-port.ts";
import { environmentDirectory, environmentPython, pythonPath } from "./installation.ts";
import { findJava } from "./java.ts";
import { sparkMemory } from "./machine-memory.ts";
import { packageDirectory, packageVersion } from "./package-version.ts";
import { portTaken } from "./sail.ts";
import { ServerProcess } from "./server-process.ts";
import { sparkVersion } from "./spark-call.ts";
import type { EngineStart, StartedEngine } from "./started-engine.ts";

const START_TIMEOUT_MS = 120_000;

/** Between a port that was free and Spark's listening on it somebody else may take it. */
const PORT_TRIES = 3;

/**
 * Starts Apache Spark's Connect server in local mode on 127.0.0.1, in about 10 s.
 * @throws {EngineStartError} `not-set-up`, `java-missing`, `java-too-old`, `port-taken`, `engine-ended`, `engine-timeout`.
 */
export async function startApacheSpark(start: EngineStart): Promise<StartedEngine> {
  const python = environmentPython(".venv-apache");
  await findJava();
  if (start.port !== undefined && (await isListening(start.port)))
    throw portTaken("Apache Spark", start.port);
  for (let attempt = 1; ; attempt += 1) {
    const port = start.port ?? (await freePort());
    try {
      return await startOn(port, python, start);
    } catch (error) {
      const inUse =
        error instanceof EngineStartError &&
        error.details.some((line) => line.includes("Address already in use"));
      if (!inUse || start.port !== undefined || attempt === PORT_TRIES) throw error;
    }
  }
}

async function startOn(port: number, python: string, start: EngineStart): Promise<StartedEngine> {
  const workingDirectory = join(start.directory, "apache-spark");
  await mkdir(workingDirectory, { recursive: true });
  const sparkHome = packageDirectory(".venv-apache", "pyspark") ?? environmentDirectory(".venv-apache");
  const submit = [
    join(sparkHome, "bin", "spark-submit"),
    ...sparkArguments(port, workingDirectory, join(start.home, "warehouse")),
  ];
  const server = await ServerProcess.start({
    title: "Apache Spark",
    command: start.lifetime === "parent" ? environmentPython(".venv") : "/bin/bash",
    arguments: start.lifetime === "parent" ? ["-m", "duet.keeper", "command", ...submit] : submit,
    environment: {
      PYTHONPATH: [pythonPath, process.env.PYTHONPATH].filter(Boolean).join(":"),
      PYSPARK_PYTHON: python,
      // Another Spark that the person has installed must not be taken.
      SPARK_HOME: sparkHome,
      SPARK_CONF_DIR: workingDirectory,
      SPARK_LOCAL_IP: "127.0.0.1",
    },
    workingDirectory,
    logFile: join(start.directory, "apache-spark.log"),
    lifetime: start.lifetime,
  });
  try {
    const identity = await server.identity();
    await start.onProcess?.(identity);
    const url = `sc://127.0.0.1:${port}`;
    await server.waitFor(
      async () => ((await isListening(port)) ? await sparkVersion(url, start.signal) : undefined),
      {
        timeout: START_TIMEOUT_MS,
        interval: 50,
        signal: start.signal,
      },
    );
    return {
      url,
      description: `Apache Spark ${packageVersion(".venv-apache", "pyspark") ?? ""}`.trimEnd(),
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

function sparkArguments(port: number, directory: string, warehouse: string): readonly string[] {
  const settings: Readonly<Record<string, string>> = {
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.connect.grpc.binding.port": String(port),
    "spark.connect.grpc.port.maxRetries": "0",
    "spark.connect.progress.reportInterval": "200ms",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.local.dir": join(directory, "local"),
    "spark.log.level": "WARN",
    // One heavy query must not starve the others.
    "spark.scheduler.mode": "FAIR",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.warehouse.dir": warehouse,
    "spark.ui.enabled": "false",
  };
  return [
    ...[
      "--master",
      "local[*]",
      "--name",
      "duet",
      "--driver-memory",
      `${Math.floor(sparkMemory() / 2 ** 20)}m`,
    ],
    ...["--class", "org.apache.spark.sql.connect.service.SparkConnectServer"],
    ...Object.entries(settings).flatMap(([key, value]) => ["--conf", `${key}=${value}`]),
    "spark-internal",
  ];
}
