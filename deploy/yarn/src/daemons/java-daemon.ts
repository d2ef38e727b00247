import { delimiter, join } from "node:path";
import type { Layout } from "../layout.ts";
import type { DaemonCommand } from "./daemon.ts";

/** A small heap, one thread for its garbage, quick to start: there are five of them on one machine. */
const FLAGS = [
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  "-XX:ReservedCodeCacheSize=48m",
  "-Xss512k",
  "-Djava.net.preferIPv4Stack=true",
  "--add-opens=java.base/java.lang=ALL-UNNAMED",
  "--add-opens=java.base/java.io=ALL-UNNAMED",
  "--add-opens=java.base/java.net=ALL-UNNAMED",
];

/** How a class of Java is run as a daemon. `heap` is in MB. */
export function javaCommand(
  layout: Layout,
  options: {
    readonly main: string;
    readonly arguments?: readonly string[];
    readonly classPath: readonly string[];
    readonly heap: number;
    readonly flags?: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
  },
): DaemonCommand {
  return {
    program: join(layout.java, "bin/java"),
    arguments: [
      ...FLAGS,
      `-Xmx${options.heap}m`,
      ...(options.flags ?? []),
      ...["-cp", options.classPath.join(delimiter), options.main],
      ...(options.arguments ?? []),
    ],
    environment: {
      HADOOP_CONF_DIR: layout.configuration,
      JAVA_HOME: layout.java,
      // Else each thread's own arenas are most of what such a process takes.
      MALLOC_ARENA_MAX: "2",
      ...options.environment,
    },
    workingDirectory: layout.data,
  };
}

/** The class path of Hadoop's daemons. */
export const hadoopClassPath = (layout: Layout): readonly string[] => [
  layout.configuration,
  join(layout.data, "web"),
  join(layout.root, ".cluster/hadoop/*"),
];
