import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { gather, python, startFixture, type BridgeFixture } from "./bridge.fixture.ts";
import { RayError } from "./ray-error.ts";
import type { RayTaskEvent } from "./ray-event.ts";

describe("tasks on a real Ray", () => {
  let fixture: BridgeFixture;
  before(async () => {
    fixture = await startFixture();
  });
  after(async () => {
    await fixture[Symbol.asyncDispose]();
  });

  test("the cluster is described", async () => {
    const { client, bridge } = fixture;
    assert.equal(client.cluster.rayVersion, bridge.rayVersion);
    assert.match(client.cluster.pythonVersion, /^3\.\d+/);
    const [node] = await client.resources();
    assert.equal(node?.resources.CPU, 2);
    assert.equal(node.address, "127.0.0.1");
  });

  test("source text runs with arguments, keyword arguments and refs", async () => {
    const { client } = fixture;
    const add = python("OFFSET = 100\ndef add(a, b, *, scale=1):\n    return (a + b) * scale + OFFSET");
    const first = client.submit({ function: add, arguments: [1, 2], run: "source" });
    const second = client.submit({
      function: add,
      arguments: [first.ref, 1],
      keywordArguments: { scale: first.ref },
      run: "source",
    });
    const put = await client.putJson({ deep: [1, null, "ü"] }, { run: "source" });
    const third = client.submit({
      function: python("def read(value, n):\n    return [value['deep'], n]"),
      arguments: [put, second.ref],
      run: "source",
    });
    assert.equal(await second.result(), 104 * 103 + 100);
    assert.deepEqual(await third.result(), [[1, null, "ü"], 104 * 103 + 100]);
    assert.equal(await client.getJson(first.ref), 103);
    assert.deepEqual(await client.getJson(put), { deep: [1, null, "ü"] });
    await client.endRun("source");
    await assert.rejects(client.getJson(put), { code: "ref-unknown" });
  });

  test("functions of a module, and values that are nearly JSON", async () => {
    const { client } = fixture;
    const join = client.submit({
      function: { module: "os.path", name: "join" },
      arguments: ["a", "b"],
      run: "module",
    });
    assert.equal(await join.result(), "a/b");
    const mixed = client.submit({
      function: python(
        "import numpy, math\ndef mixed():\n    return {'a': numpy.float32(0.5), 'b': (1, numpy.int64(2)), 'c': math.nan}",
      ),
      run: "module",
    });
    assert.deepEqual(await mixed.result(), { a: 0.5, b: [1, 2], c: null });
    const array = client.submit({
      function: python("import numpy\ndef ones(n):\n    return numpy.ones(n)"),
      arguments: [5],
      run: "module",
    });
    await assert.rejects(array.result(), (error: unknown) => {
      assert.ok(error instanceof RayError);
      assert.equal(error.code, "not-json");
      assert.deepEqual(error.details, { type: "numpy.ndarray" });
      return true;
    });
    const sum = client.submit({
      function: python("def total(v):\n    return float(v.sum())"),
      arguments: [array.ref],
      run: "module",
    });
    assert.equal(await sum.result(), 5);
    const missing = client.submit({ function: { module: "os.path", name: "nothing" }, run: "module" });
    await assert.rejects(missing.result(), { code: "function-missing" });
    await client.endRun("module");
  });

  test("an exception names file, line and text as the user wrote them, and fails what depends on it", async () => {
    const { client } = fixture;
    const task = client.submit({
      function: {
        source: "def fail(x):\n    y = x + 1\n    raise ValueError(f'no {y}')\n",
        name: "fail",
        file: "job.mlsql",
        firstLine: 7,
      },
      arguments: [1],
      run: "raise",
    });
    const dependent = client.submit({
      function: python("def use(x):\n    return x"),
      arguments: [task.ref],
      run: "raise",
    });
    await assert.rejects(task.result(), (error: unknown) => {
      assert.ok(error instanceof RayError);
      assert.equal(error.code, "task-failed");
      assert.equal(error.rayType, "ValueError");
      assert.deepEqual(error.details, { file: "job.mlsql", line: 9 });
      assert.match(error.traceback ?? "", /File "job\.mlsql", line 9, in fail\n\s+raise ValueError/);
      assert.doesNotMatch(error.traceback ?? "", /task_runner/);
      return true;
    });
    await assert.rejects(dependent.result(), { code: "dependency-failed", message: /no 2/ });
    const exits = client.submit({
      function: python("import sys\ndef leave():\n    sys.exit(3)"),
      run: "raise",
    });
    await assert.rejects(exits.result(), { code: "python-exit", message: /3/ });
    const broken = client.submit({ function: python("def broken(:\n    pass"), run: "raise" });
    await assert.rejects(broken.result(), { code: "python-syntax-error" });
    await client.endRun("raise");
  });

  test("options reserve fractions and reach Ray's own view; wrong ones are refused", async () => {
    const { client } = fixture;
    const seen = gather(client, "options");
    const show = python(
      "import ray\ndef show():\n    return ray.get_runtime_context().get_assigned_resources()",
    );
    const task = client.submit({
      function: show,
      run: "options",
      options: { numCpus: 0.5, memory: 50_000_000, runtimeEnvironment: { env_vars: { DUET_TEST: "1" } } },
    });
    assert.deepEqual(await task.result(), { CPU: 0.5, memory: 50_000_000 });
    const environment = client.submit({
      function: python("import os\ndef read():\n    return os.environ.get('DUET_TEST')"),
      run: "options",
      options: { runtimeEnvironment: { env_vars: { DUET_TEST: "2" } } },
    });
    assert.equal(await environment.result(), "2");
    const wrong = client.submit({ function: show, run: "options", options: { numCpus: -1 } });
    await assert.rejects(wrong.result(), { code: "task-invalid" });
    await client.endRun("options");
    await seen.ended;
    const first = seen.events.find((event) => event.type === "task");
    assert.deepEqual(first?.resources, { CPU: 0.5, memory: 50_000_000 });
  });

  test("output comes live with its label, nested tasks with their parents, ray.init() does no harm", async () => {
    const { client } = fixture;
    const seen = gather(client, "nested");
    const task = client.submit({
      function: python(
        [
          "import ray, sys, time",
          "@ray.remote",
          "def square(x):",
          "    print('nested', x)",
          "    return x * x",
          "def outer(n):",
          "    ray.init()",
          "    print('begin')",
          "    time.sleep(1.5)",
          "    print('to stderr', file=sys.stderr)",
          "    print(ray.get([square.options(num_cpus=0.5).remote(i) for i in range(n)]), end='')",
        ].join("\n"),
      ),
      arguments: [3],
      run: "nested",
      label: "group-7",
      options: { numCpus: 0.5 },
    });
    while (!seen.events.some((event) => event.type === "log" && event.text === "begin")) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const early = Date.now();
    assert.equal(await task.result(), null);
    assert.ok(Date.now() - early > 700, "the first line was to come while the task ran");
    const printed = seen.events.flatMap((event) => (event.type === "log" ? event.text.split("\n") : []));
    assert.ok(printed.includes("[0, 1, 4]"), "all output is there before the result");
    await client.endRun("nested");
    await seen.ended;
    const logs = seen.events.filter((event) => event.type === "log");
    assert.ok(logs.every((event) => event.label === "group-7" && event.root === task.id));
    const texts = logs.flatMap((event) => event.text.split("\n"));
    for (const text of ["begin", "to stderr", "nested 0", "nested 1", "nested 2"]) {
      assert.equal(texts.filter((other) => other === text).length, 1, text);
    }
    const children = new Map<string, RayTaskEvent[]>();
    for (const event of seen.events) {
      if (event.type !== "task" || event.parent === undefined) continue;
      assert.equal(event.parent, task.id);
      assert.equal(event.name, "square");
      children.set(event.task, [...(children.get(event.task) ?? []), event]);
    }
    assert.equal(children.size, 3);
    for (const events of children.values()) assert.equal(events.at(-1)?.state, "finished");
    const own = seen.events.filter((event) => event.type === "task" && event.task === task.id);
    assert.deepEqual(
      own.map((event) => event.type === "task" && event.state),
      ["pending", "running", "finished"],
    );
  });

  test("100 MB of output lose nothing of the end, take little memory and no minutes", async () => {
    const { client } = fixture;
    const seen = gather(client, "flood");
    const task = client.submit({
      function: python(
        "def flood():\n    line = 'x' * 99\n    for i in range(1_000_000):\n        print(i, line)\n    print('the end')",
      ),
      run: "flood",
    });
    const began = Date.now();
    await task.result();
    assert.ok(Date.now() - began < 60_000, `${Date.now() - began} ms`);
    await client.endRun("flood");
    await seen.ended;
    const text = seen.events.flatMap((event) => (event.type === "log" ? [event.text] : [])).join("\n");
    assert.ok(text.length > 4_900_000 && text.length < 6_000_000, `${text.length} characters`);
    const lines = text.split("\n");
    assert.equal(lines.at(-1), "the end");
    assert.match(
      lines.at(-101) ?? "",
      /^… [\d,]+ lines \([\d,]+ characters\) left out; the last 100 follow …$/,
    );
    assert.match(lines[0] ?? "", /^0 x/);
  });

  test("thousands of tasks in flight all come back", async () => {
    const { client } = fixture;
    const double = python("def double(x):\n    return 2 * x");
    const tasks = Array.from({ length: 2000 }, (_, index) =>
      client.submit({ function: double, arguments: [index], run: "many" }),
    );
    const results = await Promise.all(tasks.map((task) => task.result()));
    assert.deepEqual(
      results,
      tasks.map((_, index) => 2 * index),
    );
    await client.endRun("many");
  });
});
