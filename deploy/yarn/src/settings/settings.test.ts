import assert from "node:assert/strict";
import { test } from "node:test";
import type { Layout } from "../layout.ts";
import { PORT_COUNT, portsFrom } from "../ports.ts";
import { capacityScheduler, coreSite, hdfsSite, settingsXml, yarnSite } from "./hadoop.ts";
import { hiveServerSite } from "./hive.ts";

const LAYOUT: Layout = {
  ports: portsFrom(20_000),
  home: "/home/a/.duet/cluster",
  configuration: "/home/a/.duet/cluster/conf",
  data: "/home/a/.duet/cluster/data",
  logs: "/home/a/.duet/cluster/logs",
  root: "/checkout",
  sparkHome: "/spark",
  java: "/java",
  user: "a",
  machine: "host",
};

test("no two listeners have the same port, and none is outside the cluster's own", () => {
  const { rayWorkers, ...single } = portsFrom(20_000);
  const all = Object.values(single);
  assert.equal(new Set(all).size, all.length);
  assert.ok(all.every((port) => port >= 20_000 && port < rayWorkers[0]));
  assert.ok(rayWorkers[0] < rayWorkers[1] && rayWorkers[1] < 20_000 + PORT_COUNT);
});

test("every address in Hadoop's settings is on the loopback", () => {
  const all = {
    ...coreSite(LAYOUT),
    ...hdfsSite(LAYOUT),
    ...yarnSite(LAYOUT, 1024, 2),
    ...capacityScheduler(),
  };
  const addresses = Object.entries(all).filter(([name]) =>
    /address$|bind-host|hostname$|defaultFS/u.test(name),
  );
  assert.ok(addresses.length > 15);
  for (const [name, value] of addresses) assert.match(value, /^(hdfs:\/\/)?127\.0\.0\.1(:\d+)?$/u, name);
});

test("a value with signs of XML's own is written as XML", () => {
  const xml = settingsXml({ "a.b": "1 < 2 && 3 > 2" });
  assert.match(xml, /<name>a\.b<\/name>\n {4}<value>1 &lt; 2 &amp;&amp; 3 &gt; 2<\/value>/u);
});

test("the metastore finds its tables made, and its warehouse on HDFS", () => {
  const site = hiveServerSite(LAYOUT, "secret");
  assert.equal(site["datanucleus.schema.autoCreateAll"], "false");
  assert.equal(site["hive.metastore.schema.verification"], "true");
  assert.equal(site["hive.metastore.warehouse.dir"], "hdfs://127.0.0.1:20000/user/hive/warehouse");
});
