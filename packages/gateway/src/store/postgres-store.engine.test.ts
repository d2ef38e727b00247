import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { GatewayError } from "../grpc/status.ts";
import { type PostgresServer, startPostgres } from "../testing/postgres-server.ts";
import { openStore } from "./open-store.ts";
import type { SessionStore } from "./session-store.ts";
import { newEntry, newSession, storeSuite } from "./store-suite.ts";

const NEVER = new AbortController().signal;

const PLACE = { driverId: "one", life: "first", driverSessionId: "7e57a3f6-6b9d-4d8e-8e9b-0a4d1f6f2c11" };

let server: PostgresServer;
before(async () => {
  server = await startPostgres();
});
after(async () => {
  await server[Symbol.asyncDispose]();
});

storeSuite("in PostgreSQL", async () => openStore({ type: "postgres", url: await server.database() }));

describe("two gateways on one PostgreSQL", () => {
  let url: string;
  let one: SessionStore;
  let two: SessionStore;
  before(async () => {
    url = await server.database();
    // At once, so that both find no tables.
    [one, two] = await Promise.all([
      openStore({ type: "postgres", url, patience: 3_000 }),
      openStore({ type: "postgres", url, patience: 3_000 }),
    ]);
  });
  after(async () => {
    await one[Symbol.asyncDispose]();
    await two[Symbol.asyncDispose]();
  });

  test("see each other's sessions, and of two that open one at once there is one", async () => {
    const session = newSession();
    const [a, b] = await Promise.all([one.add(session), two.add({ ...session, serverId: "other" })]);
    assert.equal(a.serverId, b.serverId);
    assert.equal(await one.append(session, 0, newEntry("a"), []), 1);
    assert.equal(await two.append(session, 0, newEntry("b"), []), undefined);
    assert.equal(await two.append(session, 1, newEntry("b"), []), 2);
    assert.deepEqual(await Array.fromAsync(one.entries(session)), [newEntry("a"), newEntry("b")]);
  });

  test("a share is kept between calls, and in a new term after another has had the session alone", async () => {
    const key = newSession();
    const terms: number[] = [];
    const call = async () => {
      using share = await one.share(key, NEVER);
      terms.push(share.term);
    };
    await call();
    await call();
    {
      using _ = await two.lock(key, NEVER);
      const waiting = call();
      await one.find(key);
      assert.equal(terms.length, 2);
      _[Symbol.dispose]();
      await waiting;
    }
    assert.equal(terms[0], terms[1]);
    assert.notEqual(terms[1], terms[2]);
  });

  test("a share is in a new term after another has ended the session", async () => {
    const session = await one.add(newSession());
    const terms = async () => {
      using share = await one.share(session, NEVER);
      return share.term;
    };
    const before = await terms();
    await two.end(session, "closed");
    while ((await terms()) === before) await pause(10);
  });

  test("a mover waits for the other's calls, which are not kept from interrupting what runs", async () => {
    const key = newSession();
    const running = await one.share(key, NEVER);
    let locked = false;
    const moving = two.lock(key, NEVER).then((lock) => {
      locked = true;
      return lock;
    });
    // Beyond the time for which a mover keeps others out at a stretch, there as here.
    for (let index = 0; index < 4; index += 1) {
      using _here = await one.share(key, NEVER);
      using _there = await two.share(key, NEVER);
      assert.equal(locked, false);
    }
    running[Symbol.dispose]();
    using _ = await moving;
  });

  test("two that want to move one session do it one after the other", async () => {
    const session = await one.add(newSession());
    const moves = [one, two, one, two].map(async (store, index) => {
      using _ = await store.lock(session, NEVER);
      const found = await store.find(session);
      if (found?.place !== undefined) return false;
      return await store.move(session, found?.version ?? -1, { ...PLACE, driverSessionId: `${index}` });
    });
    assert.equal((await Promise.all(moves)).filter(Boolean).length, 1);
    assert.equal((await one.find(session))?.epoch, 1);
  });

  test("a gateway that has gone holds nothing up", async () => {
    const key = newSession();
    const third = await openStore({ type: "postgres", url });
    await third.share(key, NEVER);
    const moving = two.lock(key, NEVER);
    await third[Symbol.asyncDispose]();
    using _ = await moving;
  });

  for (const how of ["fast", "crash"] as const) {
    test(`what is asked while PostgreSQL is restarted (${how}) is answered afterwards, and once`, async () => {
      const session = await one.add(newSession());
      using before = await one.share(session, NEVER);
      await server.stop(how);
      const asked = Promise.all([
        one.append(session, 0, newEntry("a"), []),
        two.add(newSession()),
        two.load(),
        one.beginWrite({ ...session, operationId: "w", driverId: "one", life: "first", state: "sent" }),
      ]);
      await server.start();
      const [version, , , earlier] = await asked;
      assert.equal(version, 1);
      assert.equal(earlier, undefined);
      assert.equal((await two.heads(session)).length, 1);
      // The call that runs had its share back before the other could move its session.
      const moving = two.lock(session, NEVER);
      using again = await one.share(session, NEVER);
      assert.notEqual(again.term, before.term);
      before[Symbol.dispose]();
      again[Symbol.dispose]();
      using _ = await moving;
    });
  }

  test("a PostgreSQL that hangs is told, and used again when it goes on", async () => {
    const session = await one.add(newSession());
    const silent = (error: unknown) =>
      error instanceof GatewayError &&
      error.code === "store-unavailable" &&
      /cannot be reached \((Query read timeout|timeout expired)\)/u.test(error.message);
    await server.signal("SIGSTOP");
    try {
      await Promise.all([
        assert.rejects(one.find(session), silent),
        assert.rejects(one.share(session, NEVER), silent),
      ]);
    } finally {
      await server.signal("SIGCONT");
    }
    assert.deepEqual(await one.find(session), session);
    using _ = await one.share(session, NEVER);
  });

  test("a PostgreSQL that does not come back is told, without its password", async () => {
    const { password, host } = new URL(url);
    const told = (error: unknown) =>
      error instanceof GatewayError &&
      error.code === "store-unavailable" &&
      error.message.includes(host) &&
      /cannot be reached .*ECONNREFUSED.*: start PostgreSQL/u.test(error.message) &&
      !error.message.includes(password);
    await server.stop("fast");
    try {
      await Promise.all([
        assert.rejects(one.find(newSession()), told),
        assert.rejects(one.share(newSession(), NEVER), told),
        assert.rejects(openStore({ type: "postgres", url, patience: 100 }), told),
      ]);
    } finally {
      await server.start();
    }
    assert.deepEqual(await one.driverWishes(), []);
  });
});

test("a wrong password and a database that is not there are told at once", async () => {
  const url = new URL(await server.database());
  const told = (words: RegExp) => (error: unknown) =>
    error instanceof GatewayError && error.code === "store-unavailable" && words.test(error.message);
  url.pathname = "/nowhere";
  await assert.rejects(openStore({ type: "postgres", url: url.href }), told(/"nowhere" does not exist/u));
  url.password = "secret";
  await assert.rejects(
    openStore({ type: "postgres", url: url.href }),
    (error) =>
      told(/password authentication failed.*check user/u)(error) && !String(error).includes("secret"),
  );
});
