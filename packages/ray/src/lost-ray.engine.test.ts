import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { connectRay } from "./connect-ray.ts";
import { bridgeOptions, python } from "./bridge.fixture.ts";
import { startBridge, type BridgeProcess } from "./start-bridge.ts";

const SLEEP = python("import time\ndef sleep(seconds):\n    time.sleep(seconds)");

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

async function processes(): Promise<readonly Process[]> {
  const { stdout } = await promisify(execFile)("ps", ["-eo", "pid=,ppid=,args="], { maxBuffer: 1 << 26 });
  return stdout.split("\n").flatMap((line) => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return command === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
  });
}

async function descendants(root: number): Promise<readonly Process[]> {
  const all = await processes();
  const found = all.filter((process) => process.pid === root);
  for (const process of found) found.push(...all.filter((other) => other.parent === process.pid));
  return found;
}

async function untilGone(gone: readonly Process[], patience: number): Promise<void> {
  const deadline = Date.now() + patience;
  for (;;) {
    const now = await processes();
    const left = gone.filter((one) =>
      now.some((other) => other.pid === one.pid && !other.command.includes("<defunct>")),
    );
    if (left.length === 0) return;
    assert.ok(
      Date.now() < deadline,
      `still there: ${left.map((one) => one.command.slice(0, 80)).join("; ")}`,
    );
    await delay(50);
  }
}

describe("the end of a bridge and its Ray", () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "duet-ray-test-"));
  });
  after(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  async function runningBridge(): Promise<{ bridge: BridgeProcess; family: readonly Process[] }> {
    const bridge = await startBridge(bridgeOptions(directory));
    return { bridge, family: await descendants(bridge.pid) };
  }

  for (const victim of ["raylet", "gcs_server"]) {
    test(`kill -9 of ${victim} is reported within 10 s, and nothing is left`, async () => {
      const { bridge } = await runningBridge();
      await using client = await connectRay(bridge);
      const task = client.submit({ function: SLEEP, arguments: [60], run: "lost" });
      const events = client.events({ run: "lost" });
      const drained = (async () => {
        for await (const event of events) assert.ok(event.type);
      })();
      const drainedFailure = assert.rejects(drained, { code: "ray-lost" });
      await delay(2000);
      const family = await descendants(bridge.pid);
      const killed = family.find((process) => process.command.split(" ")[0]?.endsWith(`/${victim}`));
      assert.ok(
        killed !== undefined,
        `no ${victim} among ${family.map((one) => one.command.slice(0, 60)).join("; ")}`,
      );
      const began = Date.now();
      process.kill(killed.pid, "SIGKILL");
      await assert.rejects(task.result(), { code: "ray-lost" });
      assert.ok(Date.now() - began < 10_000, `${Date.now() - began} ms`);
      await drainedFailure;
      await assert.rejects(client.resources(), { code: "ray-lost" });
      await assert.rejects(client.putJson(1, { run: "lost" }), { code: "ray-lost" });
      await assert.rejects(client.submit({ function: SLEEP, run: "lost" }).result(), { code: "ray-lost" });
      await untilGone(family, 10_000);
      await bridge.stop();
    });
  }

  test("SIGTERM ends everything within 3 s", async () => {
    const { bridge } = await runningBridge();
    const client = await connectRay(bridge);
    const task = client.submit({ function: SLEEP, arguments: [60], run: "stop" });
    const lost = assert.rejects(task.result(), { code: "ray-lost" });
    await delay(1500);
    const family = await descendants(bridge.pid);
    assert.ok(family.length >= 5);
    const began = Date.now();
    await bridge.stop();
    await untilGone(family, 3500 - (Date.now() - began));
    await lost;
    await client[Symbol.asyncDispose]();
  });

  test("kill -9 of the bridge takes its Ray along", async () => {
    const { bridge } = await runningBridge();
    await using client = await connectRay(bridge);
    const task = client.submit({ function: SLEEP, arguments: [60], run: "killed" });
    const lost = assert.rejects(task.result(), { code: "ray-lost" });
    await delay(1500);
    const family = await descendants(bridge.pid);
    process.kill(bridge.pid, "SIGKILL");
    await lost;
    await untilGone(family, 10_000);
  });

  test("a bridge whose parent is killed ends with it", async () => {
    const script = [
      `import { bridgeOptions } from ${JSON.stringify(join(import.meta.dirname, "bridge.fixture.ts"))};`,
      `import { startBridge } from ${JSON.stringify(join(import.meta.dirname, "start-bridge.ts"))};`,
      `const bridge = await startBridge(bridgeOptions(${JSON.stringify(directory)}));`,
      `process.stdout.write(String(bridge.pid) + "\\n");`,
      `setInterval(() => undefined, 1000);`,
    ].join("\n");
    const parent = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const pid = await new Promise<number>((resolve) => {
      parent.stdout.once("data", (data) => {
        resolve(Number(String(data)));
      });
    });
    const family = await descendants(pid);
    assert.ok(family.length >= 5);
    parent.kill("SIGKILL");
    await untilGone(family, 5000);
  });

  test("the token stands in no command line and no log; a detached bridge writes its output to a file", async () => {
    const bridge = await startBridge({ ...bridgeOptions(directory), detached: true });
    const all = await processes();
    assert.ok(all.every((process) => !process.command.includes(bridge.token)));
    assert.ok(!(await readFile(join(directory, "bridge.log"), "utf8")).includes(bridge.token));
    const family = await descendants(bridge.pid);
    await bridge.stop();
    await untilGone(family, 3000);
  });

  test("a taken port and a Python without Ray are named", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    try {
      await assert.rejects(startBridge({ ...bridgeOptions(directory), port }), {
        code: "port-taken",
        message: new RegExp(`127\\.0\\.0\\.1:${String(port)}`),
      });
    } finally {
      server.close();
    }
    await assert.rejects(startBridge({ ...bridgeOptions(directory), python: "/no/such/python" }), {
      code: "ray-start-failed",
    });
    await assert.rejects(startBridge({ ...bridgeOptions(directory), address: "127.0.0.1:1" }), {
      code: "ray-start-failed",
    });
  });
});
