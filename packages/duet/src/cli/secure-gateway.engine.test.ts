import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createAuthority, LOCAL_NAMES } from "@duet/gateway/testing";
import { freePort } from "../embedded/free-port.ts";
import { type RunningDuet, TestHome } from "./duet-process.fixture.ts";

const TOKEN = `token-${randomUUID()}`;

const SCRIPT = "select 40 + 2 as answer as t1;\n";

/** Prints the answer, and who can read the token in the list of processes. */
const PROGRAM = `
import subprocess
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
print(spark.sql("select 40 + 2").collect()[0][0])
print("TOKEN" in subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True).stdout)
`;

let home: TestHome;
let gateway: RunningDuet;
before(async () => {
  home = await TestHome.make();
  const authority = await createAuthority(home.path);
  const files = await authority.issue("gateway", { subject: "CN=gateway", names: LOCAL_NAMES });
  const [listen, admin] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const hash = createHash("sha256").update(TOKEN).digest("hex");
  await writeFile(join(home.path, "tokens.toml"), `[[token]]\nuser = "ada"\nsha256 = "${hash}"\n`);
  await writeFile(join(home.path, "run.mlsql"), SCRIPT);
  await writeFile(join(home.path, "run.py"), PROGRAM.replace("TOKEN", TOKEN));
  const url = `sc://${listen}/;use_ssl=true`;
  await writeFile(
    join(home.path, "duet.toml"),
    `[gateway]
listen = "${listen}"
admin.listen = "${admin}"
tls = { certificate = "${files.certificate}", key = "${files.key}" }
authentication = { tokens = "tokens.toml" }

[profiles]
work.spark = { url = "${url}", token-env = "WORK_TOKEN", ca-file = "authority.crt" }
stranger.spark = { url = "${url}", ca-file = "authority.crt" }
distrustful.spark = { url = "${url}", token-env = "WORK_TOKEN" }
`,
  );
  gateway = home.start(["gateway", "--json"]);
  await gateway.until('"admin"');
});
after(async () => {
  gateway.kill("SIGTERM");
  await gateway.result;
  await home[Symbol.asyncDispose]();
});

const run = (profile: string, ...args: readonly string[]) =>
  home.run(["run", "--profile", profile, ...args], { WORK_TOKEN: TOKEN });

test("scripts of both kinds reach a gateway that wants TLS and a token, and the token is nowhere to be seen", async () => {
  const mlsql = await run("work", "--json", "run.mlsql");
  assert.equal(mlsql.code, 0, mlsql.stderr);
  assert.match(mlsql.stdout, /42/u);
  const python = await run("work", "run.py");
  assert.equal(python.code, 0, python.stderr);
  assert.equal(python.stdout, "42\nFalse\n");
  const events = await run("work", "--json", "run.py");
  assert.equal(events.code, 0, events.stderr);
  for (const { stdout, stderr } of [mlsql, python, events]) assert.ok(!`${stdout}${stderr}`.includes(TOKEN));
});

test("without the token, and without trust in its certificate, they say what to do", async () => {
  const refusals = [
    ["stranger", "run.mlsql", /this gateway asks for a token[^]*name the token in the profile/u],
    ["stranger", "run.py", /this gateway asks for a token[^]*name the token in the profile/u],
    ["distrustful", "run.mlsql", /could not be encrypted: unable to verify[^]*`ca-file` in the profile/u],
  ] as const;
  for (const [profile, script, words] of refusals) {
    const { code, stderr } = await run(profile, script);
    assert.notEqual(code, 0);
    assert.match(stderr, words);
    assert.doesNotMatch(stderr, /internal-error/u);
  }
});

test("a run without a profile does not take that gateway for an engine of its own", async () => {
  const own = await home.run(["run", "run.mlsql"]);
  assert.equal(own.code, 0, own.stderr);
});

test("nothing that was written holds the token", async () => {
  const entries = await readdir(home.path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== "run.py");
  for (const { parentPath, name } of files) {
    const content = await readFile(join(parentPath, name));
    assert.ok(!content.includes(TOKEN), `${parentPath}/${name} holds it`);
  }
});
