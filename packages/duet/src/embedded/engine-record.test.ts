import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { withClaim } from "./claim.ts";
import {
  type EngineRecord,
  enginesDirectory,
  livingRecord,
  makeEngineDirectory,
  orphanedDirectories,
  readRecord,
  writeRecord,
} from "./engine-record.ts";
import { descendants, endTree, identify, isRunning } from "./process-identity.ts";

const home = await mkdtemp(join(tmpdir(), "duet-record-"));
after(() => rm(home, { recursive: true }));

async function record(pid: number, start?: string): Promise<EngineRecord> {
  const process = await identify(pid);
  assert.ok(process !== undefined);
  const directory = await makeEngineDirectory(home, "sail");
  const identity = { pid, start: start ?? process.start };
  return {
    name: "sail",
    ready: true,
    url: "sc://127.0.0.1:1",
    description: "Sail",
    process: identity,
    started: 1,
    directory,
  };
}

test("a record is for its owner alone and comes back as it was", async () => {
  const written = await record(process.pid);
  await writeRecord(home, { ...written, token: "secret" });
  assert.deepEqual(await livingRecord(home, "sail"), { ...written, token: "secret" });
  const { mode } = await stat(join(enginesDirectory(home), "sail.json"));
  assert.equal(mode & 0o077, 0);
});

test("a process id that now belongs to another process is not the engine's", async () => {
  const stale = await record(process.pid, "1");
  await writeRecord(home, stale);
  assert.equal(await livingRecord(home, "sail"), undefined);
  assert.equal(existsSync(stale.directory), false);
  assert.equal(await endTree(stale.process, 10), true, "nothing to end: the living process is somebody else");
});

test("half a file is no record", async () => {
  await mkdir(enginesDirectory(home), { recursive: true });
  for (const text of ['{"name":"sail","url"', "{}", "null", '{"name":"ray"}']) {
    await writeFile(join(enginesDirectory(home), "sail.json"), text);
    assert.equal(await readRecord(home, "sail"), undefined);
  }
});

test("a tree of processes ends as a whole, even where its root ignores SIGTERM", async () => {
  const child = spawn("sh", ["-c", "trap '' TERM; sleep 60 & sleep 60 & echo ready; wait; wait; sleep 60"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(child.stdout, "data");
  assert.ok(child.pid !== undefined);
  const identity = await identify(child.pid);
  assert.ok(identity !== undefined);
  const below = await descendants(identity);
  assert.equal(below.length, 2);
  assert.equal(await endTree(identity, 100), true);
  assert.deepEqual(await Promise.all([identity, ...below].map(isRunning)), [false, false, false]);
});

test("a claim is held by one at a time, and a dead holder's counts for nothing", async () => {
  const file = join(home, "test.claim");
  const { signal } = new AbortController();
  let inside = 0;
  const work = async (): Promise<void> => {
    inside += 1;
    assert.equal(inside, 1);
    await sleep(20);
    inside -= 1;
  };
  await Promise.all([
    withClaim(file, signal, work),
    withClaim(file, signal, work),
    withClaim(file, signal, work),
  ]);
  await writeFile(file, JSON.stringify({ pid: process.pid, start: "1" }));
  await withClaim(file, AbortSignal.timeout(2_000), work);
  assert.equal(existsSync(file), false);
});

test("a directory is orphaned when no record names it and its maker has gone", async () => {
  const alive = await makeEngineDirectory(home, "ray");
  const dead = join(enginesDirectory(home), "ray-4194304000-x");
  await mkdir(dead, { recursive: true });
  const orphaned = await orphanedDirectories(home);
  assert.ok(orphaned.includes(dead));
  assert.ok(!orphaned.includes(alive));
});
