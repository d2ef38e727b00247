import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { GatewayError } from "../grpc/status.ts";
import { openStore } from "./open-store.ts";
import { newEntry, newSession, storeSuite } from "./store-suite.ts";

const WRITER = fileURLToPath(import.meta.resolve("../testing/store-writer.ts"));

const unavailable = (words: RegExp) => (error: unknown) =>
  error instanceof GatewayError && error.code === "store-unavailable" && words.test(error.message);

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "duet-store-"));
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
});

storeSuite("in memory", () => openStore({ type: "memory" }));

storeSuite("in a file", () => openStore({ type: "sqlite", file: join(folder, "suite.db") }));

describe("a file", () => {
  test("is as it was when it is opened again, and nobody else's to read", async () => {
    const file = join(folder, "again.db");
    const session = newSession({ pins: ["a stream"] });
    {
      await using store = await openStore({ type: "sqlite", file });
      await store.add(session);
      await store.append(session, 0, newEntry("v"), []);
    }
    await using store = await openStore({ type: "sqlite", file });
    assert.deepEqual(await store.find(session), { ...session, version: 1 });
    assert.deepEqual(await Array.fromAsync(store.entries(session)), [newEntry("v")]);
    for (const path of [file, `${file}-wal`]) assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  test("is one gateway's", async () => {
    const file = join(folder, "one.db");
    await using store = await openStore({ type: "sqlite", file });
    await assert.rejects(openStore({ type: "sqlite", file }), unavailable(/one\.db is in use by another/u));
    assert.deepEqual(await store.sessions(), []);
  });

  test("that is none, or cannot be made, is told", async () => {
    const file = join(folder, "text.db");
    await writeFile(file, "not a database at all, ".repeat(200));
    await assert.rejects(openStore({ type: "sqlite", file }), unavailable(/text\.db is no SQLite database/u));
    const nowhere = join(folder, "no", "such.db");
    await assert.rejects(openStore({ type: "sqlite", file: nowhere }), unavailable(/cannot be opened/u));
  });

  test("holds all that was confirmed when the gateway is killed", async () => {
    const file = join(folder, "killed.db");
    const writer = spawn(process.execPath, [WRITER, file], { stdio: ["ignore", "pipe", "inherit"] });
    const exit = once(writer, "exit");
    const lines: string[] = [];
    for await (const line of createInterface({ input: writer.stdout })) {
      lines.push(line);
      if (lines.length === 200) writer.kill("SIGKILL");
    }
    await exit;
    await using store = await openStore({ type: "sqlite", file });
    const [clientId = "", ...confirmed] = lines;
    const kept = (await store.heads(newSession({ clientId }))).map(({ sequence }) => String(sequence));
    assert.ok(confirmed.length >= 199);
    assert.deepEqual(kept.slice(0, confirmed.length), confirmed);
  });

  test("on a full disk says so, and keeps what it has", async () => {
    const mounted = join(folder, "small");
    // A namespace of its own, so that the small disk is nobody else's and goes with the process.
    const script = 'mkdir "$1" && mount -t tmpfs -o size=2m tmpfs "$1" && exec "$2" "$3" "$1/store.db"';
    const { stdout } = await promisify(execFile)("unshare", [
      ...["--map-root-user", "--mount", "sh", "-c", script, "sh"],
      ...[mounted, process.execPath, WRITER],
    ]);
    const lines = stdout.trimEnd().split("\n");
    const confirmed = lines.slice(1, -2);
    assert.match(lines.at(-2) ?? "", /^store-unavailable: .*small\/store\.db has no room .*free some space/u);
    assert.ok(confirmed.length > 10);
    assert.equal(lines.at(-1), `${confirmed.length} kept`);
  });
});
