import { join } from "node:path";
import { hdfsAddress, type Layout } from "../layout.ts";

/** Settings of one of Hadoop's files, by name. */
export type HadoopSettings = Readonly<Record<string, string>>;

const on = (port: number): string => `127.0.0.1:${port}`;

/** `core-site.xml` */
export function coreSite(layout: Layout): HadoopSettings {
  return {
    "fs.defaultFS": hdfsAddress(layout),
    "hadoop.tmp.dir": join(layout.data, "hadoop"),
    // Tokens name services as the settings do, and not by what an address resolves to.
    "hadoop.security.token.service.use_ip": "false",
    "hadoop.http.staticuser.user": layout.user,
  };
}

/** `hdfs-site.xml`, of the daemons and of their clients. */
export function hdfsSite({ data, ports }: Layout): HadoopSettings {
  return {
    "dfs.namenode.name.dir": join(data, "namenode"),
    "dfs.namenode.rpc-bind-host": "127.0.0.1",
    "dfs.namenode.http-address": on(ports.nameNodeWeb),
    "dfs.namenode.http-bind-host": "127.0.0.1",
    "dfs.namenode.safemode.extension": "0",
    "dfs.namenode.datanode.registration.ip-hostname-check": "false",
    "dfs.datanode.data.dir": join(data, "datanode"),
    "dfs.datanode.hostname": "127.0.0.1",
    "dfs.datanode.address": on(ports.dataNode),
    "dfs.datanode.http.address": on(ports.dataNodeWeb),
    "dfs.datanode.ipc.address": on(ports.dataNodeCalls),
    "dfs.heartbeat.interval": "1s",
    "dfs.replication": "1",
    "dfs.client.block.write.locateFollowingBlock.initial.delay.ms": "20",
  };
}

/** `yarn-site.xml`. One node gives `memory` MB and `cores` virtual cores to containers. */
export function yarnSite({ data, logs, ports }: Layout, memory: number, cores: number): HadoopSettings {
  return {
    "yarn.resourcemanager.hostname": "127.0.0.1",
    "yarn.resourcemanager.bind-host": "127.0.0.1",
    "yarn.resourcemanager.address": on(ports.resourceManager),
    "yarn.resourcemanager.scheduler.address": on(ports.scheduler),
    "yarn.resourcemanager.resource-tracker.address": on(ports.tracker),
    "yarn.resourcemanager.admin.address": on(ports.resourceManagerAdmin),
    "yarn.resourcemanager.webapp.address": on(ports.resourceManagerWeb),
    "yarn.resourcemanager.nodemanagers.heartbeat-interval-ms": "300",
    // Clients that come before the ResourceManager try again after half a second, not after 30.
    "yarn.resourcemanager.connect.retry-interval.ms": "500",
    "yarn.resourcemanager.connect.max-wait.ms": "120000",
    "yarn.scheduler.minimum-allocation-mb": "128",
    "yarn.scheduler.maximum-allocation-mb": String(memory),
    "yarn.nodemanager.hostname": "127.0.0.1",
    "yarn.nodemanager.bind-host": "127.0.0.1",
    "yarn.nodemanager.address": on(ports.nodeManager),
    "yarn.nodemanager.localizer.address": on(ports.localizer),
    "yarn.nodemanager.webapp.address": on(ports.nodeManagerWeb),
    "yarn.nodemanager.local-dirs": join(data, "nodemanager"),
    "yarn.nodemanager.log-dirs": join(logs, "containers"),
    "yarn.nodemanager.resource.memory-mb": String(memory),
    "yarn.nodemanager.resource.cpu-vcores": String(cores),
    "yarn.nodemanager.resourcemanager.connect.retry-interval.ms": "500",
    "yarn.nodemanager.vmem-check-enabled": "false",
    "yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage": "99",
    "yarn.nodemanager.container-executor.class":
      "org.apache.hadoop.yarn.server.nodemanager.DefaultContainerExecutor",
    "yarn.nodemanager.env-whitelist": "JAVA_HOME,HADOOP_CONF_DIR,PATH,LANG,TZ",
  };
}

/** `capacity-scheduler.xml`: one queue, which may spend most of itself on application masters. */
export function capacityScheduler(): HadoopSettings {
  return {
    "yarn.scheduler.capacity.root.queues": "default",
    "yarn.scheduler.capacity.root.default.capacity": "100",
    "yarn.scheduler.capacity.maximum-am-resource-percent": "0.8",
    "yarn.scheduler.capacity.resource-calculator":
      "org.apache.hadoop.yarn.util.resource.DominantResourceCalculator",
  };
}

/** A file of settings in Hadoop's XML. */
export function settingsXml(settings: HadoopSettings): string {
  const properties = Object.entries(settings).map(
    ([name, value]) =>
      `  <property>\n    <name>${escape(name)}</name>\n    <value>${escape(value)}</value>\n  </property>\n`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<configuration>\n${properties.join("")}</configuration>\n`;
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

const escape = (text: string): string =>
  text.replace(/[&<>]/gu, (character) => ESCAPES[character] ?? character);
