import { join } from "node:path";
import type { DriverLauncher } from "./launcher.ts";
import { localProcess } from "./local-process.ts";

/** Where Duet's Python lives: its keeper ends a driver when the gateway has gone, kill -9 included. */
export interface PythonHome {
  /** The interpreter that runs the keeper; it has `pysail` where Sail is started. */
  readonly python: string;
  /** The folder that holds the package `duet`. */
  readonly packages: string;
}

/** A Sail server of the gateway's own. */
export interface SailOptions extends PythonHome {
  /** A folder of the driver's own, which is there. */
  readonly directory: string;
  /** Bytes that its queries may take together; by default as many as they want. */
  readonly memory?: number;
  /** Added to the driver's environment: `SAIL_…` settings. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The gateway tells when a session is over; Sail by itself would after 15 idle minutes. */
const SAIL_SESSION_SECONDS = 7 * 24 * 3600;

/** Sail ends at once when it is told to; one that does not hangs. */
const SAIL_GRACE = 1_000;

/** The keeper kills a Spark that has not ended within 5 s; only a keeper that hangs itself is killed after that. */
const SPARK_GRACE = 7_000;

/** Starts Sail. */
export function sail(options: SailOptions): DriverLauncher {
  return localProcess({
    program: options.python,
    arguments: (port) => [
      ...["-m", "duet.keeper", "sail", "spark", "server"],
      ...["--ip", "127.0.0.1", "--port", String(port)],
    ],
    environment: {
      PYTHONPATH: options.packages,
      // A session that moves to it must not wait for what its first function in Python needs.
      DUET_KEEPER_WARM: "1",
      RUST_LOG: "warn",
      SAIL_SPARK__SESSION_TIMEOUT_SECS: String(SAIL_SESSION_SECONDS),
      ...(options.memory !== undefined && {
        SAIL_RUNTIME__MEMORY_POOL__TYPE: "greedy",
        SAIL_RUNTIME__MEMORY_POOL__GREEDY__MAX_SIZE: String(options.memory),
      }),
      ...options.environment,
    },
    workingDirectory: options.directory,
    logFile: join(options.directory, "driver.log"),
    grace: SAIL_GRACE,
  });
}

/** Apache Spark's Connect server, started with `spark-submit`. */
export interface ApacheSparkOptions extends PythonHome {
  /** A folder of the driver's own, which is there. */
  readonly directory: string;
  /** The folder with `bin/spark-submit`. */
  readonly sparkHome: string;
  /** `local[*]`, `yarn` (in client mode), … */
  readonly master: string;
  /** Any settings of Spark; those of address and port are the gateway's. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Added to the driver's environment: `HADOOP_CONF_DIR`, `PYSPARK_PYTHON`, … */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts Apache Spark's Connect server. */
export function apacheSpark(options: ApacheSparkOptions): DriverLauncher {
  // Executors elsewhere must reach their driver: there Spark finds the address of this machine itself.
  const isLocal = options.master.startsWith("local");
  const settings = (port: number): Readonly<Record<string, string>> => ({
    // One heavy query must not starve the others.
    "spark.scheduler.mode": "FAIR",
    "spark.ui.enabled": "false",
    ...(isLocal && { "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1" }),
    ...options.settings,
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.connect.grpc.binding.port": String(port),
    "spark.connect.grpc.port.maxRetries": "0",
  });
  return localProcess({
    program: options.python,
    arguments: (port) => [
      ...["-m", "duet.keeper", "command", join(options.sparkHome, "bin", "spark-submit")],
      ...["--master", options.master, "--deploy-mode", "client"],
      ...["--class", "org.apache.spark.sql.connect.service.SparkConnectServer"],
      ...Object.entries(settings(port)).flatMap(([key, value]) => ["--conf", `${key}=${value}`]),
      "spark-internal",
    ],
    environment: {
      PYTHONPATH: options.packages,
      SPARK_HOME: options.sparkHome,
      ...(isLocal && { SPARK_LOCAL_IP: "127.0.0.1" }),
      ...options.environment,
    },
    workingDirectory: options.directory,
    logFile: join(options.directory, "driver.log"),
    grace: SPARK_GRACE,
  });
}
