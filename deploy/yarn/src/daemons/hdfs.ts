import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { askJson } from "../ask.ts";
import { ClusterError } from "../cluster-error.ts";
import { archivePath, executorArchive } from "../settings/spark.ts";
import { hdfsAddress, LAKE, WAREHOUSE, type Layout } from "../layout.ts";
import { hdfsFile, makeHdfsFolder, putHdfsFile } from "../web-hdfs.ts";
import type { Daemon } from "./daemon.ts";
import { hadoopClassPath, javaCommand } from "./java-daemon.ts";

const NAME_NODE = "org.apache.hadoop.hdfs.server.namenode.NameNode";

/** The NameNode of HDFS; its storage is made at the first start. */
export function nameNode(layout: Layout): Daemon {
  const { ports } = layout;
  const command = (...arguments_: readonly string[]) =>
    javaCommand(layout, {
      ...{ main: NAME_NODE, arguments: arguments_, classPath: hadoopClassPath(layout), heap: 192 },
    });
  return {
    name: "namenode",
    title: "HDFS NameNode",
    address: hdfsAddress(layout),
    ports: [ports.nameNode, ports.nameNodeWeb],
    after: [],
    within: 120_000,
    grace: 10_000,
    prepare: async (signal) => {
      if (!existsSync(join(layout.data, "namenode/current/VERSION"))) {
        const { program, arguments: arguments_, environment } = command("-format", "-nonInteractive");
        const env = { ...process.env, ...environment };
        try {
          await promisify(execFile)(program, arguments_, { env, cwd: layout.data, signal });
        } catch (cause) {
          signal.throwIfAborted();
          throw new ClusterError({
            code: "format-failed",
            message: "the storage of HDFS could not be made",
            help: "the lines above are the NameNode's own; mend what they name and run the same command again",
            details: String((cause as { stderr?: unknown }).stderr)
              .trimEnd()
              .split("\n")
              .slice(-15),
            cause,
          });
        }
      }
      return command();
    },
    answer: async (signal) => {
      const state = await nameNodeState(layout, signal);
      return state === undefined ? undefined : "answers";
    },
  };
}

/** The DataNode of HDFS. It has answered when the NameNode counts it and has left its safe mode. */
export function dataNode(layout: Layout): Daemon {
  const { ports } = layout;
  return {
    name: "datanode",
    title: "HDFS DataNode",
    address: `127.0.0.1:${ports.dataNode}`,
    ports: [ports.dataNode, ports.dataNodeWeb, ports.dataNodeCalls],
    after: ["namenode"],
    within: 120_000,
    grace: 10_000,
    prepare: () =>
      Promise.resolve(
        javaCommand(layout, {
          main: "org.apache.hadoop.hdfs.server.datanode.DataNode",
          classPath: hadoopClassPath(layout),
          heap: 192,
        }),
      ),
    answer: async (signal) => {
      const state = await nameNodeState(layout, signal);
      if (state === undefined || state.liveDataNodes < 1 || state.safeMode) return undefined;
      return `${Math.floor(state.free / 1e9)} GB free`;
    },
    finish: async (signal) => {
      for (const folder of [`/user/${layout.user}`, WAREHOUSE, LAKE, "/tmp"])
        await makeHdfsFolder(layout, folder, signal);
      const archive = archivePath(layout);
      if ((await hdfsFile(layout, archive, signal)) === undefined)
        await putHdfsFile(layout, executorArchive(layout), archive, signal);
    },
    explain: async (signal) => {
      const state = await nameNodeState(layout, signal);
      if (state === undefined) return ["the NameNode does not answer"];
      return state.safeMode
        ? [`HDFS is in safe mode, with ${state.liveDataNodes} DataNode(s)`]
        : [`the NameNode counts ${state.liveDataNodes} DataNode(s)`];
    },
  };
}

interface NameNodeState {
  readonly liveDataNodes: number;
  readonly safeMode: boolean;
  /** Bytes. */
  readonly free: number;
}

async function nameNodeState({ ports }: Layout, signal: AbortSignal): Promise<NameNodeState | undefined> {
  const query = `http://127.0.0.1:${ports.nameNodeWeb}/jmx?qry=Hadoop:service=NameNode,name=`;
  const bean = async (name: string) =>
    ((await askJson(query + name, signal)) as { beans?: readonly Record<string, unknown>[] } | undefined)
      ?.beans?.[0];
  const [system, information] = [await bean("FSNamesystemState"), await bean("NameNodeInfo")];
  if (system === undefined || information === undefined) return undefined;
  return {
    liveDataNodes: Number(system.NumLiveDataNodes),
    safeMode: information.Safemode !== "",
    free: Number(system.CapacityRemaining),
  };
}
