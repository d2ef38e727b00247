import type { Daemon } from "./daemons/daemon.ts";
import { dataNode, nameNode } from "./daemons/hdfs.ts";
import { metastore } from "./daemons/metastore.ts";
import { postgres } from "./daemons/postgres.ts";
import { ray } from "./daemons/ray.ts";
import { sparkDriver } from "./daemons/spark-driver.ts";
import { nodeManager, resourceManager } from "./daemons/yarn.ts";
import type { Layout } from "./layout.ts";

/** The daemons of the cluster, in the order in which people read them. */
export const clusterDaemons = (layout: Layout): readonly Daemon[] => [
  nameNode(layout),
  dataNode(layout),
  resourceManager(layout),
  nodeManager(layout),
  postgres(layout),
  metastore(layout),
  sparkDriver(layout, 1),
  sparkDriver(layout, 2),
  ray(layout),
];
