import { hdfsAddress, WAREHOUSE, type Layout } from "../layout.ts";
import type { HadoopSettings } from "./hadoop.ts";

/** The database of the metastore, and the user that has it. */
export const METASTORE_DATABASE = "metastore";

/** `hive-site.xml` for clients: where the metastore is. */
export function hiveClientSite({ ports }: Layout): HadoopSettings {
  return { "hive.metastore.uris": `thrift://127.0.0.1:${ports.metastore}` };
}

/** `hive-site.xml` for the metastore itself: its database, whose tables are there already. Holds a password. */
export function hiveServerSite(layout: Layout, password: string): HadoopSettings {
  return {
    "javax.jdo.option.ConnectionURL": `jdbc:postgresql://127.0.0.1:${layout.ports.postgres}/${METASTORE_DATABASE}`,
    "javax.jdo.option.ConnectionDriverName": "org.postgresql.Driver",
    "javax.jdo.option.ConnectionUserName": METASTORE_DATABASE,
    "javax.jdo.option.ConnectionPassword": password,
    // The one of Hive's connection pools that PySpark has.
    "datanucleus.connectionPoolingType": "HikariCP",
    "datanucleus.schema.autoCreateAll": "false",
    "hive.metastore.schema.verification": "true",
    "hive.metastore.warehouse.dir": `${hdfsAddress(layout)}${WAREHOUSE}`,
  };
}
