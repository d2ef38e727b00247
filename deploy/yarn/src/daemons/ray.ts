import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask } from "../ask.ts";
import type { Layout } from "../layout.ts";
import type { Daemon } from "./daemon.ts";

/** Ray puts `session_<date>_<pid>/sockets/plasma_store` (64 characters) behind it; a socket's path may have 107. */
const LONGEST_DIRECTORY = 43;

/** Where Ray keeps its sockets and logs: among the logs where the path is short enough for a socket's. */
export function rayDirectory({ logs, home }: Layout): string {
  const ordinary = join(logs, "ray");
  if (ordinary.length <= LONGEST_DIRECTORY) return ordinary;
  const mark = createHash("sha256").update(home).digest("hex").slice(0, 8);
  return join(tmpdir().length <= 20 ? tmpdir() : "/tmp", `duet-ray-${mark}`);
}

/** The file with Ray's own token, which its clients need too. */
export const rayTokenFile = ({ data }: Layout): string => join(data, "ray-token");

/** What the environment of Ray and of its clients says. */
export const rayEnvironment = (layout: Layout): Readonly<Record<string, string>> => ({
  // Without it Ray takes the address of this machine's network, and listens on all of them.
  RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER: "0",
  RAY_AUTH_MODE: "token",
  RAY_AUTH_TOKEN_PATH: rayTokenFile(layout),
});

/** The head of a Ray cluster of one node, with its Jobs API. */
export function ray(layout: Layout): Daemon {
  const { ports, root } = layout;
  const python = join(root, ".venv/bin/python");
  const [firstWorker, lastWorker] = ports.rayWorkers;
  const options: Readonly<Record<string, string | number>> = {
    "node-ip-address": "127.0.0.1",
    port: ports.ray,
    "dashboard-host": "127.0.0.1",
    "dashboard-port": ports.rayDashboard,
    "dashboard-agent-listen-port": ports.rayAgent,
    "dashboard-agent-grpc-port": ports.rayAgentCalls,
    "runtime-env-agent-port": ports.rayEnvironments,
    "node-manager-port": ports.rayNode,
    "object-manager-port": ports.rayObjects,
    "metrics-export-port": ports.rayMetrics,
    "ray-client-server-port": ports.rayClient,
    "min-worker-port": firstWorker,
    "max-worker-port": lastWorker,
    "object-store-memory": 200_000_000,
    "temp-dir": rayDirectory(layout),
    "include-log-monitor": "false",
  };
  return {
    name: "ray",
    title: "Ray",
    address: `http://127.0.0.1:${ports.rayDashboard}`,
    ports: [ports.rayDashboard, ports.ray, ports.rayAgent, ports.rayNode, ports.rayObjects, ports.rayClient],
    after: [],
    within: 120_000,
    grace: 10_000,
    prepare: async () => {
      if (!existsSync(rayTokenFile(layout)))
        await writeFile(rayTokenFile(layout), randomBytes(32).toString("hex"), { mode: 0o600 });
      await mkdir(rayDirectory(layout), { recursive: true, mode: 0o700 });
      return {
        program: python,
        arguments: [
          ...[
            "-m",
            "ray.scripts.scripts",
            "start",
            "--head",
            "--block",
            "--disable-usage-stats",
            "--no-monitor",
          ],
          ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
        ],
        environment: {
          ...rayEnvironment(layout),
          // Tasks find `python` and Duet's package as those of an embedded Ray do.
          PATH: [join(root, ".venv/bin"), process.env.PATH].join(":"),
          PYTHONPATH: join(root, "python"),
          HADOOP_CONF_DIR: layout.configuration,
        },
        workingDirectory: layout.data,
      };
    },
    answer: async (signal) => {
      const token = await readFile(rayTokenFile(layout), "utf8");
      const headers = { authorization: `Bearer ${token}` };
      const call = (path: string) =>
        ask(`http://127.0.0.1:${ports.rayDashboard}${path}`, { headers, signal }).catch((error: unknown) => {
          signal.throwIfAborted();
          if (error instanceof Error) return undefined;
          throw error;
        });
      // The version comes before jobs are taken: that is when their list is answered.
      const version = await call("/api/version");
      if (version?.status !== 200 || (await call("/api/jobs/"))?.status !== 200) return undefined;
      return `Ray ${(JSON.parse(version.body) as { ray_version: string }).ray_version}, at 127.0.0.1:${ports.ray}`;
    },
  };
}
