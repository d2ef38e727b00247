import { join } from "node:path";
import { askJson } from "../ask.ts";
import type { Layout } from "../layout.ts";
import type { Daemon } from "./daemon.ts";
import { hadoopClassPath, javaCommand } from "./java-daemon.ts";

/** YARN's ResourceManager. */
export function resourceManager(layout: Layout): Daemon {
  const { ports } = layout;
  return {
    name: "resourcemanager",
    title: "YARN ResourceManager",
    address: `http://127.0.0.1:${ports.resourceManagerWeb}`,
    ports: [
      ports.resourceManagerWeb,
      ports.resourceManager,
      ports.scheduler,
      ports.tracker,
      ports.resourceManagerAdmin,
    ],
    after: [],
    within: 120_000,
    grace: 10_000,
    prepare: () =>
      Promise.resolve(
        javaCommand(layout, {
          main: "org.apache.hadoop.yarn.server.resourcemanager.ResourceManager",
          classPath: hadoopClassPath(layout),
          heap: 256,
        }),
      ),
    answer: async (signal) => {
      const answer = await askYarn(layout, "/info", signal);
      const state = (answer as { clusterInfo?: { state?: string } } | undefined)?.clusterInfo?.state;
      return state === "STARTED" ? "answers" : undefined;
    },
  };
}

/** YARN's NodeManager. It has answered when the ResourceManager counts it. */
export function nodeManager(layout: Layout): Daemon {
  const { configuration, ports } = layout;
  return {
    name: "nodemanager",
    title: "YARN NodeManager",
    address: `127.0.0.1:${ports.nodeManager}`,
    ports: [ports.nodeManager, ports.localizer, ports.nodeManagerWeb],
    after: ["resourcemanager", "datanode"],
    within: 120_000,
    grace: 15_000,
    prepare: () =>
      Promise.resolve(
        javaCommand(layout, {
          main: "org.apache.hadoop.yarn.server.nodemanager.NodeManager",
          classPath: hadoopClassPath(layout),
          heap: 192,
          flags: [`-Djdk.net.hosts.file=${join(configuration, "node-hosts")}`],
        }),
      ),
    answer: async (signal) => {
      const metrics = await yarnMetrics(layout, signal);
      if (metrics === undefined || metrics.activeNodes < 1) return undefined;
      return `${metrics.availableMB} of ${metrics.totalMB} MB free`;
    },
    explain: async (signal) => {
      const metrics = await yarnMetrics(layout, signal);
      if (metrics === undefined) return ["the ResourceManager does not answer"];
      const { activeNodes, unhealthyNodes, lostNodes } = metrics;
      return [
        `the ResourceManager counts ${activeNodes} active, ${unhealthyNodes} unhealthy, ${lostNodes} lost nodes`,
      ];
    },
  };
}

interface YarnMetrics {
  readonly activeNodes: number;
  readonly unhealthyNodes: number;
  readonly lostNodes: number;
  readonly availableMB: number;
  readonly totalMB: number;
}

async function yarnMetrics(layout: Layout, signal: AbortSignal): Promise<YarnMetrics | undefined> {
  const answer = await askYarn(layout, "/metrics", signal);
  return (answer as { clusterMetrics?: YarnMetrics } | undefined)?.clusterMetrics;
}

/** An application on YARN, as the ResourceManager tells it. */
export interface YarnApplication {
  readonly id: string;
  readonly name: string;
  /** `ACCEPTED` while it waits for its first container. */
  readonly state: string;
  /** Milliseconds since 1970. */
  readonly startedTime: number;
  readonly diagnostics: string;
}

/** The last application of this name, whether or not it has ended; undefined when there was none. */
export async function lastApplication(
  layout: Layout,
  name: string,
  signal: AbortSignal,
): Promise<YarnApplication | undefined> {
  const answer = await askYarn(layout, "/apps", signal);
  const apps =
    (answer as { apps?: { app?: readonly YarnApplication[] } | null } | undefined)?.apps?.app ?? [];
  return apps.filter((app) => app.name === name).sort((one, other) => (one.id < other.id ? 1 : -1))[0];
}

const askYarn = ({ ports }: Layout, path: string, signal: AbortSignal): Promise<unknown> =>
  askJson(`http://127.0.0.1:${ports.resourceManagerWeb}/ws/v1/cluster${path}`, signal);
