import assert from "node:assert/strict";
import { test } from "node:test";
import { EMBEDDED_PROFILE, type Profile } from "../profiles/profile.ts";
import { mlsqlTargets, scriptPlace } from "./profile-targets.ts";

const SPARK = { kind: "remote", url: "sc://spark:15002", token: "t" } as const;
const work: Profile = {
  name: "work",
  spark: SPARK,
  ray: { jobs: "http://head:8265", address: "head:6379", bridge: { url: "http://bridge:1", token: "b" } },
};

test("a Python script runs on the profile's cluster, unless it is to run here", () => {
  assert.deepEqual(scriptPlace({}, work), { kind: "cluster" });
  const spark = { kind: "remote", url: "sc://spark:15002/;token=t" };
  assert.deepEqual(scriptPlace({ here: true }, work), { kind: "here", spark, ray: { kind: "profile" } });
  assert.deepEqual(scriptPlace({ ray: "local" }, work), { kind: "here", spark, ray: { kind: "local" } });
});

test("the authorities that a profile trusts go with its Spark", () => {
  const trusting: Profile = { ...work, spark: { ...SPARK, authorities: "PEM" } };
  const spark = { kind: "remote", url: "sc://spark:15002/;token=t", authorities: "PEM" };
  assert.deepEqual(scriptPlace({ ray: "local" }, trusting), { kind: "here", spark, ray: { kind: "local" } });
  assert.deepEqual(mlsqlTargets({}, trusting).spark, spark);
});

test("without a cluster it runs here, and the choice of the embedded Spark is left open", () => {
  const ray = { kind: "local" };
  assert.deepEqual(scriptPlace({}, EMBEDDED_PROFILE), { kind: "here", spark: undefined, ray });
  const spark = { kind: "apache" };
  assert.deepEqual(scriptPlace({}, { name: "own", spark: { kind: "apache" } }), { kind: "here", spark, ray });
  assert.deepEqual(scriptPlace({ spark: "apache" }, EMBEDDED_PROFILE), { kind: "here", spark, ray });
});

test("an MLSQL script reaches the profile's Ray through its bridge", () => {
  assert.deepEqual(mlsqlTargets({}, work), {
    spark: { kind: "remote", url: "sc://spark:15002/;token=t" },
    ray: { kind: "remote", url: "http://bridge:1", token: "b" },
  });
  assert.deepEqual(mlsqlTargets({ spark: "sail", ray: "local" }, work), {
    spark: { kind: "sail" },
    ray: { kind: "local" },
  });
});

test("what a profile lacks is told with what to add", () => {
  const bare: Profile = { name: "bare", spark: SPARK, ray: { address: "head:6379" } };
  assert.throws(() => scriptPlace({}, bare), { code: "profile-incomplete", message: /Jobs API/u });
  assert.throws(() => mlsqlTargets({}, bare), { code: "profile-incomplete", message: /bridge/u });
});
