import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import type { Layout } from "../layout.ts";
import { settingsXml } from "../settings/hadoop.ts";
import { hiveServerSite } from "../settings/hive.ts";
import type { Daemon } from "./daemon.ts";
import { javaCommand } from "./java-daemon.ts";
import { postgresPassword } from "./postgres.ts";

/** Hive's metastore: the service that is in PySpark's own jars, on PostgreSQL. */
export function metastore(layout: Layout): Daemon {
  const { ports, root, sparkHome } = layout;
  // Apart from what clients read, because of the database's password.
  const configuration = join(layout.data, "metastore-conf");
  return {
    name: "metastore",
    title: "Hive metastore",
    address: `thrift://127.0.0.1:${ports.metastore}`,
    ports: [ports.metastore],
    after: ["postgres", "datanode"],
    within: 120_000,
    grace: 5_000,
    prepare: async () => {
      await mkdir(configuration, { recursive: true, mode: 0o700 });
      const site = settingsXml(hiveServerSite(layout, await postgresPassword(layout)));
      await writeFile(join(configuration, "hive-site.xml"), site, { mode: 0o600 });
      return javaCommand(layout, {
        main: "LoopbackMetastore",
        arguments: [String(ports.metastore)],
        classPath: [
          configuration,
          layout.configuration,
          join(root, ".cluster/metastore/classes"),
          join(root, ".cluster/metastore/lib/*"),
          join(sparkHome, "jars/*"),
        ],
        heap: 256,
      });
    },
    answer: async (signal) => {
      const databases = await askForDatabases(ports.metastore, signal);
      return databases === undefined ? undefined : `${databases} database${databases === 1 ? "" : "s"}`;
    },
  };
}

/** A Thrift call in the strict binary protocol: version and kind (call), name, sequence number, no arguments. */
function thriftCall(name: string): Buffer {
  const call = Buffer.alloc(4 + 4 + name.length + 4 + 1);
  call.writeUInt32BE(0x80010001, 0);
  call.writeUInt32BE(name.length, 4);
  call.write(name, 8, "latin1");
  return call;
}

const GET_DATABASES = "get_all_databases";
const REPLY = 2;
const LIST = 15;

/** How many databases the metastore has: a question that its own database must answer. */
function askForDatabases(port: number, signal: AbortSignal): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", signal });
    const settle = (count: number | undefined): void => {
      socket.destroy();
      resolve(count);
    };
    let answer = Buffer.alloc(0);
    socket.setTimeout(5_000, () => {
      settle(undefined);
    });
    socket.once("connect", () => socket.write(thriftCall(GET_DATABASES)));
    socket.on("data", (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      const result = 12 + GET_DATABASES.length;
      // The result: a field of the kind list, its number, the kind of its elements, how many they are.
      if (answer.length < result + 8) return;
      const isList = answer[3] === REPLY && answer[result] === LIST;
      settle(isList ? answer.readUInt32BE(result + 4) : undefined);
    });
    for (const event of ["error", "close"]) {
      socket.once(event, () => {
        settle(undefined);
      });
    }
  });
}
