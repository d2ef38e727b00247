import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { SparkSession } from "@duet/spark-connect";
import { isListening } from "../ask.ts";
import type { Layout } from "../layout.ts";
import { sparkEnvironment } from "../settings/spark.ts";
import type { Daemon } from "./daemon.ts";
import { lastApplication, type YarnApplication } from "./yarn.ts";

/** A Spark Connect server in client mode: its driver is here, its executors are containers of YARN. */
export function sparkDriver(layout: Layout, number: 1 | 2): Daemon {
  const name = `spark-${number}`;
  const port = layout.ports[`spark${number}`];
  const url = `sc://127.0.0.1:${port}`;
  const folder = join(layout.data, name);
  let submitted = 0;
  const settings: Readonly<Record<string, string>> = {
    "spark.app.name": name,
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.connect.grpc.binding.port": String(port),
    "spark.connect.grpc.port.maxRetries": "0",
  };
  return {
    name,
    title: `Spark Connect driver ${number}`,
    address: url,
    ports: [port],
    after: ["nodemanager", "metastore"],
    within: 300_000,
    grace: 10_000,
    prepare: async () => {
      await mkdir(folder, { recursive: true });
      submitted = Date.now();
      return {
        program: join(layout.sparkHome, "bin/spark-submit"),
        arguments: [
          ...["--class", "org.apache.spark.sql.connect.service.SparkConnectServer"],
          ...Object.entries(settings).flatMap(([key, value]) => ["--conf", `${key}=${value}`]),
          "spark-internal",
        ],
        environment: { ...sparkEnvironment(layout), SPARK_HOME: layout.sparkHome, MALLOC_ARENA_MAX: "2" },
        workingDirectory: folder,
      };
    },
    answer: async (signal) => {
      if (!(await isListening(port))) return undefined;
      return await askExecutors(url, signal);
    },
    // A Connect server whose application on YARN has failed goes on listening, and fails each call.
    hopeless: async (signal) => {
      const application = await ownApplication(layout, name, submitted, signal);
      const over = application !== undefined && ["FINISHED", "FAILED", "KILLED"].includes(application.state);
      return over ? describe(application) : undefined;
    },
    explain: async (signal) => {
      const application = await ownApplication(layout, name, submitted, signal);
      return application === undefined ? ["it has no application on YARN yet"] : describe(application);
    },
  };
}

/** The application of a driver that was started at a time (milliseconds since 1970); not one of an earlier driver. */
async function ownApplication(
  layout: Layout,
  name: string,
  since: number,
  signal: AbortSignal,
): Promise<YarnApplication | undefined> {
  const application = await lastApplication(layout, name, signal);
  return application === undefined || application.startedTime < since ? undefined : application;
}

function describe({ id, state, diagnostics }: YarnApplication): readonly string[] {
  return [
    `its application ${id} on YARN is ${state}${state === "ACCEPTED" ? ": it waits for a container" : ""}`,
    ...diagnostics.trim().split("\n").slice(-6),
  ];
}

/** How long a query that waits for its first executor may take, in milliseconds. */
const QUERY_PATIENCE = 60_000;

/** A query whose tasks run on executors. */
async function askExecutors(url: string, signal: AbortSignal): Promise<string | undefined> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(QUERY_PATIENCE)]);
  try {
    await using session = await SparkSession.connect({
      ...{ url, userId: "duet-cluster", userAgent: "duet", signal: patience, retry: { maxRetries: 0 } },
    });
    const version = await session.version();
    const [row] = await session.range(0, 100, 1, 2).select("sum(id) as total").collect({ signal: patience });
    return Number(row?.total) === 4950 ? `Spark ${version}` : undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error) return undefined;
    throw error;
  }
}
