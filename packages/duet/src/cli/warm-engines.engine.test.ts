import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { once } from "node:events";
import { after, test } from "node:test";
import { freePort } from "../embedded/free-port.ts";
import { descendants, identify } from "../embedded/process-identity.ts";
import { eventsOf, survivors, TestHome } from "./duet-process.fixture.ts";

const home = await TestHome.make();
after(async () => {
  await home.run(["down"]);
  await home[Symbol.asyncDispose]();
});

interface EngineLine {
  readonly name: string;
  readonly state: string;
  readonly url: string;
  readonly pid: number;
}

async function engines(...parameters: readonly string[]): Promise<readonly EngineLine[]> {
  const result = await home.run([...parameters, "--json"]);
  return (JSON.parse(result.stdout) as { engines: EngineLine[] }).engines;
}

test("nothing is up at first", async () => {
  assert.deepEqual(await engines("status"), []);
  assert.deepEqual(await engines("down"), []);
});

test("up starts both engines, runs use them, and a second up changes nothing", async () => {
  const up = await engines("up", "--cpus", "2");
  assert.deepEqual(
    up.map(({ name, state }) => [name, state]),
    [
      ["sail", "ready"],
      ["ray", "ready"],
    ],
  );
  const run = await home.run(["run", "--json", "-e", "select 1 as a as t;"]);
  assert.equal(run.code, 0, run.stderr);
  assert.equal(eventsOf(run).at(-1)?.type, "run-finished");
  assert.deepEqual(await home.runDirectories(), [], "the run has started no engine of its own");
  const ids = (lines: readonly EngineLine[]): readonly number[] => lines.map(({ pid }) => pid);
  assert.deepEqual(ids(await engines("up")), ids(up));
  assert.deepEqual(ids(await engines("status")), ids(up));
});

test("a gateway is kept warm too: runs use it, status and drivers know it, and down ends all of it", async () => {
  await engines("down");
  const port = await freePort();
  const up = await engines("up", "--gateway", "--no-ray", "--spark-port", String(port));
  assert.deepEqual(
    up.map(({ name, state, url }) => [name, state, url]),
    [["gateway", "ready", `sc://127.0.0.1:${port}`]],
  );
  assert.deepEqual(
    (await engines("status")).map(({ name, state }) => [name, state]),
    [["gateway", "ready"]],
  );
  const gateway = await identify(up[0]?.pid ?? 0);
  assert.ok(gateway !== undefined);
  const tree = [gateway, ...(await descendants(gateway))];
  const run = await home.run(["run", "--json", "-e", "select 1 as a as t;"]);
  assert.equal(run.code, 0, run.stderr);
  assert.deepEqual(await home.runDirectories(), [], "the run has started no engine of its own");
  const audit = await readFile(join(home.path, "gateway", "audit.jsonl"), "utf8");
  assert.match(audit, /"outcome":"succeeded"/u);
  assert.match((await home.run(["drivers", "ls"])).stdout, /^sail-2 /mu);
  assert.deepEqual(
    (await engines("down")).map(({ name, state }) => [name, state]),
    [["gateway", "ended"]],
  );
  assert.deepEqual(await survivors(tree, 100), []);
});

test("two ups at once start one engine", async () => {
  await engines("down");
  const [first, second] = await Promise.all([engines("up", "--no-ray"), engines("up", "--no-ray")]);
  assert.equal(first[0]?.pid, second[0]?.pid);
});

test("an engine that was killed is noticed, and a run does without it", async () => {
  const [sail] = await engines("up", "--no-ray");
  assert.ok(sail !== undefined);
  const identity = await identify(sail.pid);
  assert.ok(identity !== undefined);
  process.kill(sail.pid, "SIGKILL");
  assert.deepEqual(await survivors([identity]), []);
  const status = await home.run(["status"]);
  assert.equal(status.code, 3);
  assert.match(status.stdout, /sail +gone/u);
  const run = await home.run(["run", "-e", "select 1 as a as t;"]);
  assert.equal(run.code, 0, run.stderr);
  assert.deepEqual(await engines("status"), [], "the run has removed the stale record");
});

test("down ends everything that up has started", async () => {
  const up = await engines("up");
  const identities = await Promise.all(up.map(({ pid }) => identify(pid)));
  const down = await engines("down");
  assert.deepEqual(
    down.map(({ name, state }) => [name, state]),
    [
      ["sail", "ended"],
      ["ray", "ended"],
    ],
  );
  assert.deepEqual(
    await survivors(
      identities.filter((identity) => identity !== undefined),
      100,
    ),
    [],
  );
});

test("a port that is asked for and taken is a clear error", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const result = await home.run(["up", "--no-ray", "--spark-port", String(address.port)]);
  server.close();
  assert.equal(result.code, 3);
  assert.match(result.stderr, new RegExp(`error\\[port-taken\\]: port ${address.port}`, "u"));
  assert.deepEqual(await engines("status"), []);
});

test("a port that is asked for and free is used", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  server.close();
  await once(server, "close");
  const [sail] = await engines("up", "--no-ray", "--spark-port", String(address.port));
  assert.equal(sail?.url, `sc://127.0.0.1:${address.port}`);
  await engines("down");
});
