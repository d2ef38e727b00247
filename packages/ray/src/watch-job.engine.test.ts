import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { bridgeOptions, gather, startFixture, type BridgeFixture } from "./bridge.fixture.ts";
import type { RayEvent, RayTaskEvent } from "./ray-event.ts";

const CONNECT = `
import os, sys, time
import ray
ray.init(address=os.environ["RAY_ADDRESS"], logging_level="warning", namespace="scripts")
print(ray.get_runtime_context().get_job_id(), flush=True)
`;

interface Watched {
  readonly events: readonly RayEvent[];
  readonly output: readonly string[];
  readonly code: number | null;
}

describe("a watched job of another Ray driver", () => {
  let fixture: BridgeFixture;
  before(async () => {
    fixture = await startFixture();
  });
  after(async () => {
    await fixture[Symbol.asyncDispose]();
  });

  /** Runs a plain Ray driver, whose first line is its job, and watches it to its end. */
  async function watch(run: string, script: string, killAt?: RegExp): Promise<Watched> {
    const { client, bridge } = fixture;
    const driver = spawn(bridgeOptions("").python, ["-c", CONNECT + script], {
      stdio: ["ignore", "pipe", "inherit"],
      env: {
        ...process.env,
        RAY_ADDRESS: bridge.gcsAddress,
        RAY_AUTH_MODE: "token",
        RAY_AUTH_TOKEN_PATH: bridge.tokenPath,
        RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER: "0",
        RAY_COLOR_PREFIX: "0",
        RAY_DEDUP_LOGS: "0",
        RAY_task_events_report_interval_ms: "100",
      },
    });
    const exited = once(driver, "exit") as Promise<[number | null]>;
    const seen = gather(client, run);
    const output: string[] = [];
    for await (const line of createInterface({ input: driver.stdout })) {
      if (/^[0-9a-f]{8}$/u.test(line)) client.watchJob(run, line);
      else output.push(line);
      if (killAt?.test(line) === true) driver.kill("SIGKILL");
    }
    const [code] = await exited;
    await client.endRun(run);
    await seen.ended;
    return { events: seen.events, output, code };
  }

  const tasks = (events: readonly RayEvent[]): readonly RayTaskEvent[] =>
    events.filter((event) => event.type === "task");
  const last = (events: readonly RayEvent[], name: string): RayTaskEvent | undefined =>
    tasks(events).findLast((event) => event.name === name);

  test("its tasks are told with names, parents, resources and errors; its workers' output is its own", async () => {
    const { events, output, code } = await watch(
      "told",
      `
@ray.remote(num_cpus=0.5)
def inner(x):
    print("inner", x)
    return x
@ray.remote(num_cpus=0.5, max_retries=0)
def outer():
    return ray.get(inner.remote(3))
@ray.remote(max_retries=0)
def fail():
    raise ValueError("no such luck")
@ray.remote(num_cpus=0.25)
class Counter:
    def add(self): return 1
counter = Counter.options(name="kept", lifetime="detached").remote()
ray.get(counter.add.remote())
print(ray.get(outer.options(name="named").remote()))
try:
    ray.get(fail.remote())
except ValueError:
    print("caught")
`,
    );
    assert.equal(code, 0);
    assert.deepEqual(
      output.map((line) => line.replace(/pid=\d+/u, "pid=…")).toSorted(),
      ["(inner pid=…) inner 3", "3", "caught"].toSorted(),
    );
    assert.equal(events.filter((event) => event.type === "log").length, 0);
    const named = last(events, "named");
    const inner = last(events, "inner");
    assert.deepEqual(
      [named?.state, named?.function, named?.parent, named?.resources],
      ["finished", "outer", undefined, { CPU: 0.5 }],
    );
    assert.ok(named !== undefined && inner !== undefined);
    assert.deepEqual([inner.state, inner.parent, inner.root], ["finished", named.task, named.task]);
    assert.equal(inner.node, fixture.client.cluster.nodes[0]?.id);
    const failed = last(events, "fail");
    assert.equal(failed?.state, "failed");
    assert.match(failed.error ?? "", /no such luck/u);
    const [creation, call] = [last(events, "Counter"), last(events, "Counter.add")];
    assert.deepEqual([creation?.function, call?.function], ["Counter", "Counter.add"]);
    assert.ok(creation?.actor !== undefined && creation.actor === call?.actor);
    const notes = events.filter((event) => event.type === "note").map((event) => event.text);
    assert.equal(notes.length, 1);
    assert.match(notes[0] ?? "", /^the detached actor 'kept' ends with the run/u);
  });

  test("what runs when the driver is killed ends as cancelled, and a task that no node can hold is told", async () => {
    const { events, code } = await watch(
      "killed",
      `
@ray.remote(num_cpus=0.1)
def inner():
    print("sleeping", flush=True)
    time.sleep(600)
@ray.remote(num_cpus=0.1)
def outer():
    ray.get(inner.remote())
@ray.remote(num_gpus=64)
def huge(): pass
waiting = [outer.remote(), huge.remote()]
time.sleep(7)
print("die", flush=True)
time.sleep(600)
`,
      /^die$/u,
    );
    assert.equal(code, null);
    const ends = ["outer", "inner", "huge"].map((name) => last(events, name)?.state);
    assert.ok(
      ends.every((state) => state === "cancelled" || state === "failed"),
      String(ends),
    );
    const notes = events.filter((event) => event.type === "note").map((event) => event.text);
    assert.deepEqual(notes, [
      "the task 'huge' waits: it needs 1 CPU, 64 GPU, and the most that a node has is 0 GPU.",
    ]);
  });

  test("thousands of tasks are all told, to their ends", async () => {
    const { events } = await watch(
      "many",
      `
@ray.remote
def small(x): return x
ray.get([small.remote(i) for i in range(4000)])
`,
    );
    const ends = new Map(tasks(events).map((event) => [event.task, event.state]));
    assert.equal(ends.size, 4000);
    assert.ok([...ends.values()].every((state) => state === "finished"));
  });
});
