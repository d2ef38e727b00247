import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Layout } from "../layout.ts";
import { capacityScheduler, coreSite, hdfsSite, settingsXml, yarnSite } from "./hadoop.ts";
import { hiveClientSite } from "./hive.ts";
import { HADOOP_LOGGING, SPARK_LOGGING } from "./logging.ts";
import { sparkDefaults } from "./spark.ts";

/** What the node has for containers, more than it really has: two drivers' masters and executors, and as much again. */
const NODE = { memory: 8192, cores: 16 };

/** Writes the folder that HADOOP_CONF_DIR and SPARK_CONF_DIR name, and what else the daemons read. */
export async function writeSettings(layout: Layout): Promise<void> {
  const { configuration, data, logs, machine } = layout;
  const folders = [configuration, data, logs, join(logs, "spark-events"), join(data, "spark")];
  // Jetty is started with these folders, empty as they are.
  folders.push(join(data, "web/webapps/hdfs"), join(data, "web/webapps/datanode"));
  for (const folder of folders) await mkdir(folder, { recursive: true });
  await chmod(layout.home, 0o700);
  const files: Readonly<Record<string, string>> = {
    "core-site.xml": settingsXml(coreSite(layout)),
    "hdfs-site.xml": settingsXml(hdfsSite(layout)),
    "yarn-site.xml": settingsXml(yarnSite(layout, NODE.memory, NODE.cores)),
    "capacity-scheduler.xml": settingsXml(capacityScheduler()),
    "hive-site.xml": settingsXml(hiveClientSite(layout)),
    "spark-defaults.conf": Object.entries(sparkDefaults(layout))
      .map(([name, value]) => `${name} ${value}\n`)
      .join(""),
    "log4j.properties": HADOOP_LOGGING,
    "log4j2.properties": SPARK_LOGGING,
    // With it 127.0.0.1 is the node's own name: Spark drops hosts that are called localhost from a block's locations.
    "node-hosts": `127.0.0.1 127.0.0.1 localhost ${machine}\n`,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(configuration, name), text);
}
