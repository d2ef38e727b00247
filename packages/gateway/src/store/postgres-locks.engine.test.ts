import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { on, once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { type PostgresServer, startPostgres } from "../testing/postgres-server.ts";
import { PostgresLocks } from "./postgres-locks.ts";

const HOLDER = fileURLToPath(import.meta.resolve("../testing/lock-holder.ts"));

const NEVER = new AbortController().signal;

let server: PostgresServer;
let url: string;
let client: Client;
before(async () => {
  server = await startPostgres();
  url = await server.database();
  client = new Client({ connectionString: url });
  await client.connect();
});
after(async () => {
  await client.end();
  await server[Symbol.asyncDispose]();
});

interface Holder extends Disposable {
  readonly process: ChildProcess;
  /** Its next term. */
  term(): Promise<string>;
}

function startHolder(key: { readonly userId: string; readonly clientId: string }): Holder {
  const holder = spawn(process.execPath, [HOLDER, url, key.userId, key.clientId], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: Interface = createInterface({ input: holder.stdout });
  const terms = on(lines, "line");
  return {
    process: holder,
    term: async () => {
      const { value } = (await terms.next()) as IteratorResult<[string], undefined>;
      return value?.[0] ?? assert.fail("the holder has ended");
    },
    [Symbol.dispose]: () => {
      holder.kill("SIGKILL");
    },
  };
}

async function countLocks(where: string): Promise<number> {
  const { rows } = await client.query<{ count: string }>(`select count(*) from pg_locks ${where}`);
  return Number(rows[0]?.count);
}

const newKey = () => ({ userId: "ada", clientId: randomUUID() });

test("a gateway that is killed frees its locks", async () => {
  const key = newKey();
  await using locks = new PostgresLocks(url, "test", 5_000);
  using holder = startHolder(key);
  await holder.term();
  const exit = once(holder.process, "exit");
  holder.process.kill("SIGKILL");
  await exit;
  using _ = await locks.lock(key, NEVER);
});

test("a gateway that hangs loses its locks to who waits for them; one that lives keeps them", async () => {
  const key = newKey();
  const times = { kept: 60_000, heartbeat: 50, silence: 500 };
  await using living = new PostgresLocks(url, "test", 5_000, times);
  await using waiting = new PostgresLocks(url, "test", 5_000, times);
  using holder = startHolder(key);
  const first = await holder.term();
  const share = await living.share(key, NEVER);
  holder.process.kill("SIGSTOP");
  const locking = waiting.lock(key, NEVER);
  const others = "where locktype = 'advisory' and mode = 'ShareLock' and granted";
  while ((await countLocks(others)) > 1) await pause(20);
  {
    using again = await living.share(key, NEVER);
    assert.equal(again.term, share.term);
  }
  share[Symbol.dispose]();
  {
    using _ = await locking;
    holder.process.kill("SIGCONT");
  }
  assert.notEqual(await holder.term(), first);
});

test("locks that nobody uses are given back: PostgreSQL has room for some thousands", async () => {
  await using locks = new PostgresLocks(url, "test", 5_000, { kept: 100, heartbeat: 50, silence: 60_000 });
  const used = newKey();
  using share = await locks.share(used, NEVER);
  const shares = Array.from({ length: 500 }, async () => {
    using _ = await locks.share(newKey(), NEVER);
  });
  await Promise.all(shares);
  while ((await countLocks("where locktype = 'advisory'")) > 1) await pause(20);
  using again = await locks.share(used, NEVER);
  assert.equal(again.term, share.term);
});
