import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connectRay } from "./connect-ray.ts";
import { gather, python, startFixture, type BridgeFixture } from "./bridge.fixture.ts";
import { RayError } from "./ray-error.ts";
import type { RayTask } from "./task-request.ts";

const SLEEP = python(
  "import time\ndef sleep(seconds):\n    for _ in range(int(seconds * 20)):\n        time.sleep(0.05)\n    return 'slept'",
);

async function failure(task: RayTask): Promise<RayError> {
  try {
    await task.result();
  } catch (error) {
    assert.ok(error instanceof RayError);
    return error;
  }
  throw new Error("The task was to fail.");
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, "waited 20 s in vain");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("what goes wrong in a real Ray", () => {
  let fixture: BridgeFixture;
  before(async () => {
    fixture = await startFixture();
  });
  after(async () => {
    await fixture[Symbol.asyncDispose]();
  });

  test("a wrong token opens nothing", async () => {
    const { url, token } = fixture.bridge;
    await assert.rejects(connectRay({ url, token: "wrong" }), { code: "unauthorized" });
    for (const path of ["/health", "/tables/object-1", "/connect"]) {
      assert.equal((await fetch(`${url}${path}`)).status, 401, path);
      assert.equal(
        (await fetch(`${url}${path}`, { headers: { Authorization: `Bearer ${token}x` } })).status,
        401,
      );
    }
    assert.equal(
      (await fetch(`${url}/health`, { headers: { Authorization: `Bearer ${token}` } })).status,
      200,
    );
    await assert.rejects(connectRay({ url: "http://127.0.0.1:1", token }), { code: "bridge-unreachable" });
  });

  test("a worker that kills itself is retried, then reported in Ray's words", async () => {
    const { client } = fixture;
    const seen = gather(client, "killed");
    const die = python(
      "import os, signal\ndef die():\n    print('last words')\n    os.kill(os.getpid(), signal.SIGKILL)",
    );
    const error = await failure(client.submit({ function: die, run: "killed", options: { maxRetries: 0 } }));
    assert.equal(error.code, "worker-crashed");
    assert.equal(error.rayType, "WorkerCrashedError");
    assert.match(error.message, /died/);
    const leave = python("import os\ndef leave():\n    os._exit(7)");
    const left = client.submit({ function: leave, run: "killed", options: { maxRetries: 0 } });
    assert.equal((await failure(left)).code, "worker-crashed");
    const marker = `/tmp/duet-ray-test-retry-${process.pid}`;
    const once = python(
      "import os\ndef once(marker):\n    if not os.path.exists(marker):\n        open(marker, 'w').close()\n        os._exit(1)\n    os.remove(marker)\n    return 'second try'",
    );
    const retried = client.submit({
      function: once,
      arguments: [marker],
      run: "killed",
      options: { maxRetries: 1 },
    });
    assert.equal(await retried.result(), "second try");
    await client.endRun("killed");
    await seen.ended;
    assert.ok(seen.events.some((event) => event.type === "log" && event.text === "last words"));
  });

  test("cancel interrupts, force kills, and what a task has started goes with it", async () => {
    const { client } = fixture;
    const polite = client.submit({ function: SLEEP, arguments: [60], run: "cancel" });
    const stubborn = client.submit({
      function: python(
        "import time\ndef stubborn():\n    while True:\n        try:\n            time.sleep(60)\n        except KeyboardInterrupt:\n            pass",
      ),
      run: "cancel",
    });
    const nested = client.submit({
      function: python(
        "import ray, time\n@ray.remote(num_cpus=0)\ndef inner():\n    time.sleep(60)\ndef outer():\n    ray.get(inner.remote())",
      ),
      run: "cancel",
      options: { numCpus: 0 },
    });
    const seen = gather(client, "cancel");
    const running = (id: string): boolean =>
      seen.events.some((event) => event.type === "task" && event.state === "running" && event.task === id);
    await until(() => [polite, stubborn, nested].every((task) => running(task.id)));
    await until(() =>
      seen.events.some(
        (event) => event.type === "task" && event.parent === nested.id && event.state === "running",
      ),
    );
    const began = Date.now();
    await polite.cancel();
    assert.equal((await failure(polite)).code, "task-cancelled");
    await nested.cancel();
    assert.equal((await failure(nested)).code, "task-cancelled");
    await stubborn.cancel({ force: true });
    assert.equal((await failure(stubborn)).code, "task-cancelled");
    assert.ok(Date.now() - began < 5000, `${Date.now() - began} ms`);
    await polite.cancel();
    await client.endRun("cancel");
    await seen.ended;
    const child = seen.events.filter((event) => event.type === "task" && event.parent === nested.id).at(-1);
    assert.ok(child?.type === "task" && ["cancelled", "failed"].includes(child.state), JSON.stringify(child));
  });

  test("a task that fits no node ends with the reason, not never; a nested one too", async () => {
    const { client } = fixture;
    const gpu = client.submit({ function: SLEEP, arguments: [0], run: "gpu", options: { numGpus: 1 } });
    const custom = client.submit({
      function: SLEEP,
      arguments: [0],
      run: "gpu",
      options: { resources: { tpu: 0.5 } },
    });
    const nested = client.submit({
      function: python(
        "import ray\n@ray.remote(num_cpus=2, num_gpus=1)\ndef needs_gpu(x):\n    return x\ndef train():\n    return ray.get([needs_gpu.remote(i) for i in range(4)])",
      ),
      run: "gpu",
    });
    const seen = gather(client, "gpu");
    const [first, second, third] = await Promise.all([failure(gpu), failure(custom), failure(nested)]);
    assert.equal(first.code, "task-unschedulable");
    assert.match(
      first.message,
      /'sleep' cannot be placed: it needs 1 CPU, 1 GPU, and the most that a node has is 0 GPU/,
    );
    assert.equal(second.code, "task-unschedulable");
    assert.match(second.message, /tpu/);
    assert.equal(third.code, "task-unschedulable");
    assert.match(third.message, /needs_gpu/);
    await client.endRun("gpu");
    await seen.ended;
  });

  test("a package that cannot be imported and an environment that cannot be set up are told apart", async () => {
    const { client } = fixture;
    const missing = client.submit({
      function: python("def use():\n    import no_such_package_here"),
      run: "environment",
    });
    assert.equal((await failure(missing)).code, "python-module-missing");
    const broken = client.submit({
      function: SLEEP,
      arguments: [0],
      run: "environment",
      options: { runtimeEnvironment: { working_dir: "file:///no/such/archive.zip" }, maxRetries: 0 },
    });
    const error = await failure(broken);
    assert.ok(["environment-failed", "task-invalid"].includes(error.code), error.code);
    assert.deepEqual(await client.environment({}, { run: "environment" }), {});
    await assert.rejects(
      client.environment({ requirements: ["no such=requirement"] }, { run: "environment" }),
      {
        code: "environment-invalid",
      },
    );
    await assert.rejects(client.environment({ requirements: 7 }, { run: "environment" }), {
      code: "environment-failed",
    });
    await client.endRun("environment");
  });

  test("the end of a run ends stubborn tasks and orphans, and drops what it has stored", async () => {
    const { client } = fixture;
    const seen = gather(client, "end");
    const stubborn = client.submit({
      function: python(
        "import os, time\ndef stubborn():\n    print(os.getpid())\n    while True:\n        try:\n            time.sleep(60)\n        except KeyboardInterrupt:\n            pass",
      ),
      run: "end",
      label: "stubborn",
      options: { numCpus: 0 },
    });
    const parent = client.submit({
      function: python(
        "import ray\n@ray.remote(num_cpus=0)\ndef orphan():\n    import os, time\n    print(os.getpid())\n    time.sleep(60)\ndef parent():\n    orphan.remote()\n    import time\n    time.sleep(1)",
      ),
      run: "end",
      label: "orphan",
      options: { numCpus: 0 },
    });
    assert.equal(await parent.result(), null);
    const pid = (label: string): number => {
      const log = seen.events.find((event) => event.type === "log" && event.label === label);
      return log?.type === "log" ? Number(log.text) : 0;
    };
    await until(() => pid("stubborn") > 0 && pid("orphan") > 0);
    assert.ok(alive(pid("stubborn")) && alive(pid("orphan")));
    const stored = await client.putJson("kept", { run: "end" });
    const began = Date.now();
    await client.endRun("end");
    assert.ok(Date.now() - began < 8000, `${Date.now() - began} ms`);
    await seen.ended;
    assert.equal((await failure(stubborn)).code, "task-cancelled");
    await until(() => !alive(pid("stubborn")) && !alive(pid("orphan")));
    await assert.rejects(client.getJson(stored), { code: "ref-unknown" });
    const late = client.submit({ function: SLEEP, arguments: [stored], run: "late" });
    assert.equal((await failure(late)).code, "ref-unknown");
    await client.endRun("late");
    await client.endRun("never begun");
  });

  test("a client that vanishes takes its runs along", async () => {
    const { bridge } = fixture;
    const vanishing = await connectRay(bridge);
    const seen = gather(fixture.client, "vanished");
    const task = vanishing.submit({ function: SLEEP, arguments: [60], run: "vanished" });
    await until(() => seen.events.some((event) => event.type === "task" && event.state === "running"));
    await vanishing[Symbol.asyncDispose]();
    assert.equal((await failure(task)).code, "ray-lost");
    await until(() => seen.events.some((event) => event.type === "task" && event.state === "cancelled"));
    await fixture.client.endRun("vanished");
    await seen.ended;
  });

  test("an aborted wait leaves the task running", async () => {
    const { client } = fixture;
    const task = client.submit({ function: SLEEP, arguments: [0.5], run: "wait" });
    await assert.rejects(task.result({ signal: AbortSignal.timeout(50) }), { name: "TimeoutError" });
    assert.equal(await task.result(), "slept");
    await client.endRun("wait");
  });
});
