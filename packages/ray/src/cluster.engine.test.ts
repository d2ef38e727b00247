import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { bridgeOptions, gather, python } from "./bridge.fixture.ts";
import { connectRay } from "./connect-ray.ts";
import { startBridge } from "./start-bridge.ts";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** A cluster as its administrators start one, in the foreground. */
async function startCluster(
  directory: string,
): Promise<AsyncDisposable & { address: string; environment: Record<string, string> }> {
  const port = await freePort();
  const token = join(directory, "cluster-token");
  await writeFile(token, "a token of this test's cluster, long enough to pass", { mode: 0o600 });
  const environment = {
    RAY_AUTH_MODE: "token",
    RAY_AUTH_TOKEN_PATH: token,
    RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER: "0",
    RAY_USAGE_STATS_ENABLED: "0",
  };
  const head = ["start", "--head", "--block", "--port", String(port), "--node-ip-address", "127.0.0.1"];
  const sizes = ["--num-cpus", "2", "--include-dashboard", "false", "--temp-dir", join(directory, "r")];
  const ray = spawn(join(dirname(bridgeOptions("").python), "ray"), [...head, ...sizes], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...environment },
  });
  let output = "";
  await new Promise<void>((resolve, reject) => {
    ray.once("exit", () => {
      reject(new Error(`ray start ended: ${output}`));
    });
    ray.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.includes("Ray runtime started")) resolve();
    });
  });
  return {
    address: `127.0.0.1:${String(port)}`,
    environment,
    async [Symbol.asyncDispose]() {
      const exited = once(ray, "exit");
      ray.kill("SIGTERM");
      await exited;
    },
  };
}

test("a bridge to a running cluster brings its Python along, streams logs and leaves the cluster as it was", async () => {
  const directory = await mkdtemp("/tmp/duet-ray-");
  try {
    await using cluster = await startCluster(directory);
    const { address, environment } = cluster;
    const options = {
      ...bridgeOptions(await mkdtemp(join(tmpdir(), "duet-ray-test-"))),
      address,
      environment,
    };
    const bridge = await startBridge(options);
    const client = await connectRay(bridge);
    const seen = gather(client, "there");
    const task = client.submit({
      function: python("import duet\ndef where():\n    print('over there')\n    return duet.__file__"),
      run: "there",
      label: "7",
    });
    assert.match((await task.result()) as string, /_ray_pkg_/);
    await client.endRun("there");
    await seen.ended;
    const log = seen.events.find((event) => event.type === "log");
    assert.deepEqual([log?.type === "log" && log.text, log?.label], ["over there", "7"]);
    await client[Symbol.asyncDispose]();
    await bridge.stop();
    await using again = await startBridge(options);
    await using other = await connectRay(again);
    const still = other.submit({ function: python("def still():\n    return 'there'"), run: "after" });
    assert.equal(await still.result(), "there");
    await rm(options.directory, { recursive: true, force: true });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
