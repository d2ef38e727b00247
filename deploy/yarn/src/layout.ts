import { readdirSync } from "node:fs";
import { homedir, hostname, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { ClusterError } from "./cluster-error.ts";
import { portsFrom, type Ports } from "./ports.ts";

/** Where everything of the cluster is: addresses, folders of its own, and the software that set-up has made. */
export interface Layout {
  readonly ports: Ports;
  /** `$DUET_HOME/cluster`; nothing of the cluster is anywhere else, and it goes with `down`. */
  readonly home: string;
  /** What a client needs: HADOOP_CONF_DIR and SPARK_CONF_DIR. */
  readonly configuration: string;
  readonly data: string;
  readonly logs: string;
  /** The checkout. */
  readonly root: string;
  readonly sparkHome: string;
  /** Java's home. */
  readonly java: string;
  /** The user that owns the daemons, on this machine, in HDFS and in YARN. */
  readonly user: string;
  /** What the machine calls itself. */
  readonly machine: string;
}

/** All that is the same for every cluster: a Spark on it keeps its tables here. */
export const WAREHOUSE = "/user/hive/warehouse";

/** The folder in HDFS for what runs share. */
export const LAKE = "/lake";

const root = resolve(import.meta.dirname, "../../..");

/** `$DUET_HOME/cluster`. */
export const clusterHome = (): string =>
  join(resolve(process.env.DUET_HOME ?? join(homedir(), ".duet")), "cluster");

/**
 * The layout of the cluster in `home` with the ports from `firstPort` on.
 * @throws {ClusterError} `not-set-up`
 */
export function layoutOf(home: string, firstPort: number, java: string): Layout {
  return {
    ports: portsFrom(firstPort),
    home,
    configuration: join(home, "conf"),
    data: join(home, "data"),
    logs: join(home, "logs"),
    root,
    sparkHome: findSpark(),
    java,
    user: userInfo().username,
    machine: hostname(),
  };
}

/** `hdfs://…`, without a path. */
export const hdfsAddress = ({ ports }: Layout): string => `hdfs://127.0.0.1:${ports.nameNode}`;

function findSpark(): string {
  const libraries = join(root, ".venv-apache/lib");
  try {
    const python = readdirSync(libraries).find((name) => name.startsWith("python"));
    if (python !== undefined) return join(libraries, python, "site-packages/pyspark");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  throw new ClusterError({
    code: "not-set-up",
    message: "Apache Spark is not there",
    help: "run `npm run setup -- --cluster`",
  });
}
