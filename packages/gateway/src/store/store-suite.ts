import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { GatewayError } from "../grpc/status.ts";
import type { JournalEntry } from "../journal/journal-entry.ts";
import { headOf } from "./entry-head.ts";
import type { LedgerEntry, SessionKey, SessionStore, StoredSession } from "./session-store.ts";

const PLACE = { driverId: "one", life: "first", driverSessionId: "7e57a3f6-6b9d-4d8e-8e9b-0a4d1f6f2c11" };

const NEVER = new AbortController().signal;

/** A session that has just been opened. */
export function newSession(change: Partial<StoredSession> = {}): StoredSession {
  return {
    userId: "ada",
    clientId: randomUUID(),
    serverId: randomUUID(),
    pool: "default",
    place: undefined,
    epoch: 0,
    version: 0,
    state: "open",
    lostBecause: undefined,
    pins: [],
    lastUsed: 1_000,
    ...change,
  };
}

/** An entry that defines something. */
export function newEntry(name: string, messages: readonly Buffer[] = [Buffer.from(name)]): JournalEntry {
  return {
    kind: "view",
    defines: [`view:${name}`],
    removes: false,
    uses: ["t"],
    method: "ExecutePlan",
    messages,
  };
}

/** What every store must do, whatever it is in. */
export function storeSuite(name: string, open: () => Promise<SessionStore>): void {
  describe(name, () => {
    let store: SessionStore;
    before(async () => {
      store = await open();
    });
    after(async () => {
      await store[Symbol.asyncDispose]();
    });
    const added = (change: Partial<StoredSession> = {}) => store.add(newSession(change));

    describe("sessions", () => {
      test("what was added is found, of two with one key the first", async () => {
        const session = newSession({ userId: 'Ödön\'; "x" 🦆', pool: "big", pins: ["a stream"] });
        assert.equal(await store.find(session), undefined);
        assert.deepEqual(await store.add(session), session);
        assert.deepEqual(await store.find(session), session);
        assert.deepEqual(await store.add({ ...session, serverId: randomUUID() }), session);
        assert.equal(await store.find({ ...session, userId: "ödön" }), undefined);
      });

      test("two that add one at once have the same", async () => {
        const session = newSession();
        const asked = [1, 2, 3, 4].map(() => store.add({ ...session, serverId: randomUUID() }));
        const serverIds = new Set((await Promise.all(asked)).map(({ serverId }) => serverId));
        assert.equal(serverIds.size, 1);
      });

      test("only who knows its version moves a session, and of many at once one", async () => {
        const session = await added();
        const places = ["one", "two", "three"].map((driverId) => ({
          ...PLACE,
          driverId,
          driverSessionId: randomUUID(),
        }));
        const moved = await Promise.all(places.map((place) => store.move(session, 0, place)));
        assert.equal(moved.filter(Boolean).length, 1);
        const place = places[moved.indexOf(true)];
        assert.deepEqual(await store.find(session), { ...session, place, epoch: 1, version: 1 });
        assert.equal(await store.move(session, 0, PLACE), false);
        assert.equal(await store.move(session, 1, PLACE), true);
        assert.equal((await store.find(session))?.epoch, 2);
      });

      test("a session that has ended is told of until it is forgotten", async () => {
        const session = await added({ place: PLACE });
        await store.append(session, 0, newEntry("v"), []);
        const { place, epoch } = session;
        await store.end(session, "lost", "its driver was lost");
        await store.end(session, "closed");
        const found = await store.find(session);
        assert.deepEqual(
          { ...found },
          { ...session, place, epoch, version: 1, state: "lost", lostBecause: "its driver was lost" },
        );
        assert.deepEqual(await store.heads(session), []);
        assert.equal(await store.move(session, 1, PLACE), false);
        assert.ok(!(await store.sessions()).some(({ clientId }) => clientId === session.clientId));
        await store.forget(Date.now() - 60_000);
        assert.notEqual(await store.find(session), undefined);
        await store.forget(Date.now() + 60_000);
        assert.equal(await store.find(session), undefined);
      });

      test("open sessions are listed and counted by driver", async () => {
        const driverId = randomUUID();
        const place = { ...PLACE, driverId };
        const [one, two, gone, unplaced] = [
          await added({ place }),
          await added({ place }),
          await added({ place }),
          await added(),
        ];
        await store.end(gone, "closed");
        assert.equal((await store.load()).get(driverId), 2);
        const listed = new Set((await store.sessions()).map(({ clientId }) => clientId));
        assert.deepEqual(
          [one, two, gone, unplaced].map(({ clientId }) => listed.has(clientId)),
          [true, true, false, true],
        );
      });

      test("thousands are touched at once, never backwards", async () => {
        const [one, two] = [await added(), await added({ lastUsed: 9_000 })];
        const others = Array.from({ length: 2_500 }, () => ({ userId: "li", clientId: randomUUID() }));
        await store.touch([one, ...others, two], 5_000);
        assert.equal((await store.find(one))?.lastUsed, 5_000);
        assert.equal((await store.find(two))?.lastUsed, 9_000);
        await store.touch([], 6_000);
      });

      test("pins that come at once are all kept, each once", async () => {
        const session = await added();
        const reasons = Array.from({ length: 10 }, (_, index) => `stream ${index % 5}`);
        await Promise.all(reasons.map((reason) => store.pin(session, reason)));
        assert.deepEqual((await store.find(session))?.pins.toSorted(), [...new Set(reasons)].toSorted());
        await Promise.all(reasons.slice(1).map((reason) => store.unpin(session, reason)));
        assert.deepEqual((await store.find(session))?.pins, []);
      });
    });

    describe("journals", () => {
      test("entries come back in order, without those that were superseded", async () => {
        const session = await added();
        const entries = ["a", "b", "c", "d"].map((view) => newEntry(view));
        const [a, b, c, d] = entries as [JournalEntry, JournalEntry, JournalEntry, JournalEntry];
        assert.equal(await store.append(session, 0, a, []), 1);
        assert.equal(await store.append(session, 1, b, []), 2);
        assert.equal(await store.append(session, 2, c, [1]), 3);
        assert.deepEqual(await Array.fromAsync(store.entries(session)), [b, c]);
        assert.equal(await store.append(session, 3, undefined, [2]), 4);
        assert.equal(await store.append(session, 4, d, []), 5);
        assert.deepEqual(await store.heads(session), [headOf(c, 3), headOf(d, 5)]);
        assert.deepEqual(await Array.fromAsync(store.entries(session)), [c, d]);
      });

      test("messages come back byte for byte, few or many, empty or large", async () => {
        const session = await added();
        const parts = Array.from({ length: 450 }, () => randomBytes(8_000));
        const messages = [
          [Buffer.alloc(0)],
          [],
          parts,
          [randomBytes(3_000_000), Buffer.alloc(0), randomBytes(10)],
        ];
        let version = 0;
        for (const each of messages)
          version = (await store.append(session, version, newEntry("v", each), [])) ?? -1;
        const read = await Array.fromAsync(store.entries(session));
        assert.deepEqual(
          read.map((entry) => entry.messages.map((message) => message.toString("base64"))),
          messages.map((each) => each.map((message) => message.toString("base64"))),
        );
        assert.deepEqual(
          (await store.heads(session)).map(({ size }) => size),
          [0, 0, 3_600_000, 3_000_010],
        );
      });

      test("who has not seen the last change, or the last move, adds nothing", async () => {
        const session = await added();
        const asked = ["a", "b", "c"].map((view) => store.append(session, 0, newEntry(view), []));
        assert.equal((await Promise.all(asked)).filter((version) => version === 1).length, 1);
        assert.equal((await store.heads(session)).length, 1);
        assert.equal(await store.move(session, 0, PLACE), false);
        assert.equal(await store.move(session, 1, PLACE), true);
        assert.equal(await store.append(session, 1, newEntry("late"), []), undefined);
        assert.equal(await store.append(session, 2, newEntry("in time"), []), 3);
      });

      test("a session that has ended, or was never there, takes no entry", async () => {
        const closed = (error: unknown) => error instanceof GatewayError && error.code === "session-closed";
        const session = await added();
        await store.end(session, "closed");
        await assert.rejects(store.append(session, 0, newEntry("a"), []), closed);
        await assert.rejects(store.append(newSession(), 0, newEntry("a"), []), closed);
      });

      test("a copy goes its own way", async () => {
        const [from, to] = [await added(), await added()];
        await store.append(from, 0, newEntry("a"), []);
        await store.append(from, 1, newEntry("b", [Buffer.from("1"), Buffer.from("2")]), [1]);
        await store.copy(from, to);
        await store.append(from, 2, newEntry("mine"), []);
        assert.equal((await store.find(to))?.version, 2);
        assert.equal(await store.append(to, 2, newEntry("other"), []), 3);
        assert.deepEqual(await Array.fromAsync(store.entries(to)), [
          newEntry("b", [Buffer.from("1"), Buffer.from("2")]),
          newEntry("other"),
        ]);
      });
    });

    describe("the ledger", () => {
      const write = (key: SessionKey): LedgerEntry => ({
        userId: key.userId,
        clientId: key.clientId,
        operationId: randomUUID(),
        driverId: "one",
        life: "first",
        state: "sent",
      });

      test("a write begins once, and is known by how it ended", async () => {
        const entry = write(newSession());
        const begun = await Promise.all([1, 2, 3].map(() => store.beginWrite(entry)));
        assert.deepEqual(
          begun.filter((found) => found !== undefined),
          [entry, entry],
        );
        await store.endWrite(entry, entry.operationId, "succeeded");
        assert.deepEqual(await store.beginWrite({ ...entry, driverId: "two" }), {
          ...entry,
          state: "succeeded",
        });
        assert.equal(await store.beginWrite({ ...entry, userId: "li" }), undefined);
      });

      test("what is not settled is kept, until its session is forgotten", async () => {
        const session = await added();
        const [settled, open] = [write(session), write(session)];
        for (const entry of [settled, open]) await store.beginWrite(entry);
        await store.endWrite(session, settled.operationId, "unknown");
        await store.forget(Date.now() + 60_000);
        assert.equal(await store.beginWrite(settled), undefined);
        assert.deepEqual(await store.beginWrite(open), open);
        await store.end(session, "closed");
        await store.forget(Date.now() + 60_000);
        assert.equal(await store.beginWrite(open), undefined);
      });
    });

    describe("locks", () => {
      test("a mover waits for the calls, and new calls for the mover", async () => {
        const key = newSession();
        const order: string[] = [];
        const [one, two] = [await store.share(key, NEVER), await store.share(key, NEVER)];
        assert.equal(one.term, two.term);
        const moving = store.lock(key, NEVER).then((lock) => {
          order.push("locked");
          return lock;
        });
        // An operation that runs can be interrupted while a mover waits for its end.
        const joined = await store.share(key, NEVER);
        for (const share of [one, two, joined]) {
          order.push("ended");
          share[Symbol.dispose]();
          share[Symbol.dispose]();
        }
        const lock = await moving;
        const calling = store.share(key, NEVER).then((share) => {
          order.push("called");
          return share;
        });
        await store.share(newSession(), NEVER);
        order.push("moved");
        lock[Symbol.dispose]();
        using _ = await calling;
        assert.deepEqual(order, ["ended", "ended", "ended", "locked", "moved", "called"]);
      });

      test("movers have a session one after the other", async () => {
        const key = newSession();
        let inside = 0;
        const move = async () => {
          using _ = await store.lock(key, NEVER);
          inside += 1;
          assert.equal(inside, 1);
          await new Promise((resolve) => setImmediate(resolve));
          inside -= 1;
        };
        await Promise.all([move(), move(), move()]);
      });

      test("who gives up waiting leaves nothing behind", async () => {
        const key = newSession();
        const share = await store.share(key, NEVER);
        const ended = new AbortController();
        const moving = store.lock(key, ended.signal);
        ended.abort(new Error("never mind"));
        await assert.rejects(moving, /never mind/u);
        await assert.rejects(store.share(key, ended.signal), /never mind/u);
        share[Symbol.dispose]();
        const lock = await store.lock(key, NEVER);
        const late = new AbortController();
        const calling = store.share(key, late.signal);
        late.abort(new Error("too late"));
        await assert.rejects(calling, /too late/u);
        lock[Symbol.dispose]();
        using _ = await store.share(key, NEVER);
      });
    });

    test("of what is wished of a driver the last counts", async () => {
      const wish = { type: "add", driverId: "far", host: "10.0.0.7", port: 15002, pool: "big" } as const;
      await store.wish({ ...wish, capacity: 5, version: undefined });
      await store.wish({ ...wish, capacity: 9, version: "4.3.0" });
      await store.wish({ type: "drain", driverId: "near", deadline: 60_000 });
      assert.deepEqual(await store.driverWishes(), [
        { ...wish, capacity: 9, version: "4.3.0" },
        { type: "drain", driverId: "near", deadline: 60_000 },
      ]);
    });
  });
}
