import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { hdfsAddress, WAREHOUSE, type Layout } from "../layout.ts";

/** The name under which executors have the archive of their Python, unpacked, in their containers' folders. */
const EXECUTOR_PYTHON = "python";

/**
 * The path of executors. Python starts in the container's folder, and in a Connect session in a folder below it. A path
 * in braces, as YARN fills in, would do for the first alone: classic PySpark hands it to Python as it stands.
 */
const EXECUTOR_PATH = [
  `./${EXECUTOR_PYTHON}/bin`,
  `../${EXECUTOR_PYTHON}/bin`,
  ...["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"],
].join(":");

/** Where set-up has put the archive of the executors' Python. */
export const executorArchive = ({ root }: Layout): string => join(root, ".cluster/executor-python.tar.gz");

/** Where it is in HDFS: named by its content's lock, so that another one never takes its place. */
export function archivePath({ root }: Layout): string {
  const lock = readFileSync(join(root, "python/requirements-executor.lock"));
  return `/duet/python-${createHash("sha256").update(lock).digest("hex").slice(0, 12)}.tar.gz`;
}

/**
 * `spark-defaults.conf`: what every Spark on this cluster needs, a Connect driver that the gateway starts and a
 * `spark-submit` by hand alike.
 */
export function sparkDefaults(layout: Layout): Readonly<Record<string, string>> {
  const serial = "-XX:+UseSerialGC -Djava.net.preferIPv4Stack=true";
  return {
    "spark.master": "yarn",
    "spark.submit.deployMode": "client",
    // The executors run on the machine that has the jars: nothing is uploaded.
    "spark.yarn.jars": `local:${join(layout.sparkHome, "jars")}/*`,
    "spark.archives": `${hdfsAddress(layout)}${archivePath(layout)}#${EXECUTOR_PYTHON}`,
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "640m",
    "spark.driver.extraJavaOptions": serial,
    "spark.executor.instances": "1",
    "spark.executor.cores": "2",
    "spark.executor.memory": "512m",
    "spark.executor.memoryOverhead": "384m",
    "spark.executor.extraJavaOptions": serial,
    "spark.executorEnv.SPARK_LOCAL_IP": "127.0.0.1",
    "spark.executorEnv.PATH": EXECUTOR_PATH,
    "spark.yarn.am.memory": "192m",
    "spark.yarn.am.memoryOverhead": "192m",
    "spark.yarn.am.extraJavaOptions": `${serial} -XX:TieredStopAtLevel=1`,
    "spark.yarn.appMasterEnv.SPARK_LOCAL_IP": "127.0.0.1",
    "spark.yarn.report.interval": "300ms",
    "spark.sql.catalogImplementation": "hive",
    "spark.sql.warehouse.dir": `${hdfsAddress(layout)}${WAREHOUSE}`,
    "spark.local.dir": join(layout.data, "spark"),
    "spark.scheduler.mode": "FAIR",
    "spark.ui.enabled": "false",
    "spark.eventLog.enabled": "true",
    "spark.eventLog.dir": `file://${join(layout.logs, "spark-events")}`,
    "spark.eventLog.rolling.enabled": "false",
    "spark.eventLog.compress": "false",
  };
}

/**
 * What the environment of a driver needs. `python3` is what executors look for on their path, on which the archive's
 * comes first; on the driver's it is the same Python.
 */
export function sparkEnvironment(layout: Layout): Readonly<Record<string, string>> {
  const { configuration, java, root } = layout;
  return {
    HADOOP_CONF_DIR: configuration,
    SPARK_CONF_DIR: configuration,
    SPARK_LOCAL_IP: "127.0.0.1",
    JAVA_HOME: java,
    PYSPARK_PYTHON: "python3",
    PATH: [join(root, ".venv-executor/bin"), process.env.PATH].join(delimiter),
  };
}
