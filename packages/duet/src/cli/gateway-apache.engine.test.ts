import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { PoolReport } from "@duet/gateway/admin";
import { SparkSession } from "@duet/spark-connect";
import { freePort } from "../embedded/free-port.ts";
import { packageVersion } from "../embedded/package-version.ts";
import { survivors, TestHome } from "./duet-process.fixture.ts";

const home = await TestHome.make();
after(() => home[Symbol.asyncDispose]());

async function drivers(): Promise<PoolReport["drivers"]> {
  const result = await home.run(["drivers", "ls", "--json"]);
  assert.equal(result.code, 0, result.stderr);
  return (JSON.parse(result.stdout) as PoolReport).drivers;
}

test("an Apache Spark driver is upgraded under a session, a version that there is not leaves all as it was", async () => {
  const [listen, admin] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const places = ["--listen", listen, "--admin", admin];
  const gateway = home.start(["gateway", "--json", "--spark", "apache", "--drivers", "1", ...places]);
  try {
    await gateway.until('"state":"ready"', 180_000);
    await using session = await SparkSession.connect({ url: `sc://${listen}` });
    await session.sql("create or replace temporary view kept as select 7 as seven").collect();

    const failed = await home.run(["drivers", "upgrade", "--spark", "0.0.1"]);
    assert.equal(failed.code, 1);
    assert.match(
      failed.stderr,
      /error\[upgrade-failed\]: the upgrade of apache failed: .*all is as before/su,
    );
    assert.deepEqual(
      (await drivers()).map(({ id, state }) => [id, state]),
      [["apache", "ready"]],
    );

    const version = packageVersion(".venv-apache", "pyspark") ?? "";
    const upgraded = await home.run(["drivers", "upgrade", "--spark", version]);
    assert.equal(upgraded.code, 0, upgraded.stderr);
    assert.match(upgraded.stdout, /apache\.2 {2}ready after [\s\S]*apache {2}stopped/u);
    assert.deepEqual(
      (await drivers()).map(({ id, state, version: shown, sessions }) => [id, state, shown, sessions]),
      [["apache.2", "ready", version, 1]],
    );
    assert.deepEqual(await session.table("kept").collect(), [{ seven: 7 }]);

    const tree = await gateway.tree();
    gateway.kill("SIGTERM");
    assert.equal((await gateway.result).code, 0);
    assert.deepEqual(await survivors(tree), []);
  } finally {
    gateway.kill("SIGKILL");
  }
});
