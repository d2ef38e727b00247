import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { LOCK_APPLICATION, LockConnection } from "./lock-connection.ts";
import { LocalLocks } from "./local-locks.ts";
import { type SessionLocks, lockName } from "./session-locks.ts";
import type { SessionKey, SharedLock } from "./session-store.ts";
import { Wakers } from "./wakers.ts";

/** How long things take, in milliseconds. */
export interface LockTimes {
  /** A lock that no call has used for this long is given up: PostgreSQL has room for some thousands. */
  readonly kept: number;
  /** How often a gateway shows that it lives. */
  readonly heartbeat: number;
  /** A gateway that has not shown it for this long loses its locks to who waits for them. */
  readonly silence: number;
}

const TIMES: LockTimes = { kept: 10_000, heartbeat: 4_000, silence: 20_000 };

const CHANNEL = "duet_gateway_locks";

/** Milliseconds until a lock is tried again of which nothing was heard. */
const RETRY = 150;

/** A mover lets calls of other gateways in again after this many milliseconds of waiting for the others' to end … */
const WINDOW = 1_000;

/** … for this long: an operation that runs for an hour must not keep its own interrupt out. */
const BREAK = 300;

/** What a gateway knows of its share in a session's lock. */
interface Hold {
  readonly names: LockNames;
  /** Undefined while the share is not had. */
  term: number | undefined;
  /** Calls that use it. */
  users: number;
  /** When it was last used, as `performance.now()` tells it. */
  used: number;
  /** Another gateway wants to move the session. */
  wanted: boolean;
  trying: Promise<void> | undefined;
}

/** PostgreSQL's names of a session's locks, 64-bit numbers as text. */
interface LockNames {
  readonly name: string;
  /** Shared by the gateways with calls of the session, held alone by who moves it. */
  readonly session: string;
  /** Held alone by who waits to move it, so that it is not passed over for ever. */
  readonly gate: string;
}

/**
 * Locks among gateways, by PostgreSQL's advisory locks: they end with the connection, so with the gateway. A gateway
 * keeps its share in a session between calls, so that a call costs no round trip, until another asks for it.
 */
export class PostgresLocks implements SessionLocks {
  readonly #local = new LocalLocks();
  readonly #connection: LockConnection;
  readonly #holds = new Map<string, Hold>();
  readonly #wakers = new Wakers();
  readonly #times: LockTimes;
  readonly #heart: NodeJS.Timeout;
  #terms = 0;

  constructor(url: string, name: string, patience: number, times: LockTimes = TIMES) {
    this.#times = times;
    this.#connection = new LockConnection({
      url,
      name,
      patience,
      channel: CHANNEL,
      onNotice: (payload) => {
        this.#hear(payload);
      },
      onLost: () => {
        this.#forget();
      },
    });
    this.#heart = setInterval(() => {
      this.#beat();
    }, times.heartbeat);
  }

  async share(key: SessionKey, signal: AbortSignal): Promise<SharedLock> {
    using taken = new DisposableStack();
    taken.use(await this.#local.share(key, signal));
    const hold = this.#holdOf(key);
    hold.users += 1;
    taken.defer(() => {
      hold.users -= 1;
      hold.used = performance.now();
      if (hold.users === 0 && (hold.wanted || hold.term === undefined)) this.#give([hold]);
    });
    const term = hold.term ?? (await this.#take(hold, signal));
    const all = taken.move();
    return {
      term,
      [Symbol.dispose]: () => {
        all.dispose();
      },
    };
  }

  async lock(key: SessionKey, signal: AbortSignal): Promise<Disposable> {
    const names = lockNames(key);
    for (;;) {
      using taken = new DisposableStack();
      taken.use(await this.#local.lock(key, signal));
      if (await this.#takeAlone(names, taken, signal)) return taken.move();
      taken.dispose();
      await this.#endSilent(names);
      await pause(BREAK, undefined, { signal });
    }
  }

  async tellChanged(key: SessionKey): Promise<void> {
    await this.#connection.ask(TELL, [CHANNEL, `changed ${lockNames(key).name}`]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#heart);
    await this.#connection[Symbol.asyncDispose]();
  }

  #holdOf(key: SessionKey): Hold {
    const names = lockNames(key);
    const known = this.#holds.get(names.name);
    if (known !== undefined) return known;
    const hold = { names, term: undefined, users: 0, used: 0, wanted: false, trying: undefined };
    this.#holds.set(names.name, hold);
    return hold;
  }

  async #take(hold: Hold, signal: AbortSignal): Promise<number> {
    for (;;) {
      await this.#try(hold);
      if (hold.term !== undefined) return hold.term;
      await this.#wakers.wait(hold.names.name, RETRY, signal);
    }
  }

  /** Tries once to get a share, for all who want it now. */
  #try(hold: Hold): Promise<void> {
    hold.trying ??= this.#isTaken(SHARE, [hold.names.gate, hold.names.session])
      .then((taken) => {
        if (taken) hold.term = this.#terms += 1;
      })
      .finally(() => {
        hold.trying = undefined;
        if (hold.users === 0) this.#give([hold]);
      });
    return hold.trying;
  }

  /** Waits for a while until nobody else has the session. */
  async #takeAlone(names: LockNames, taken: DisposableStack, signal: AbortSignal): Promise<boolean> {
    const due = performance.now() + WINDOW;
    const attempts = [
      [names.gate, () => this.#isTaken(GATE, [names.gate])],
      [names.session, () => this.#isTaken(ALONE, [names.session, CHANNEL, `wanted ${names.name}`])],
    ] as const;
    for (const [lock, attempt] of attempts) {
      while (!(await attempt())) {
        if (performance.now() > due) return false;
        await this.#wakers.wait(names.name, RETRY, signal);
      }
      taken.defer(() => {
        this.#tell(GIVE_ALONE, [lock, CHANNEL, `given ${names.name}`]);
      });
    }
    return true;
  }

  async #isTaken(statement: string, values: readonly unknown[]): Promise<boolean> {
    const [row] = await this.#connection.ask<{ taken: boolean }>(statement, values);
    return row?.taken === true;
  }

  #give(holds: readonly Hold[]): void {
    const had = holds.filter(({ term }) => term !== undefined).map(({ names }) => names);
    for (const hold of holds) {
      hold.term = undefined;
      if (hold.trying === undefined) this.#holds.delete(hold.names.name);
    }
    if (had.length === 0) return;
    this.#tell(GIVE_SHARES, [
      had.map(({ session }) => session),
      CHANNEL,
      had.map(({ name }) => `given ${name}`),
    ]);
  }

  #hear(payload: string): void {
    const [what, name = ""] = payload.split(" ");
    if (what === "given") this.#wakers.wake(name);
    const hold = this.#holds.get(name);
    if (hold?.term === undefined) return;
    if (what === "changed") hold.term = this.#terms += 1;
    if (what !== "wanted") return;
    if (hold.users === 0) this.#give([hold]);
    else hold.wanted = true;
  }

  /** The connection has broken: the calls that run should have their shares back before another moves their sessions. */
  #forget(): void {
    for (const hold of this.#holds.values()) {
      hold.term = undefined;
      if (hold.users === 0) this.#holds.delete(hold.names.name);
      // Who calls the session next hears of a failure.
      else this.#try(hold).catch(() => undefined);
    }
  }

  #beat(): void {
    const due = performance.now() - this.#times.kept;
    this.#give([...this.#holds.values()].filter(({ users, used }) => users === 0 && used < due));
    this.#tell("select 1", []);
  }

  /** Ends the connections of gateways that hold the session's locks and hang. */
  async #endSilent({ session, gate }: LockNames): Promise<void> {
    const seconds = this.#times.silence / 1_000;
    await this.#connection.ask(END_SILENT, [[session, gate], LOCK_APPLICATION, seconds]);
  }

  /** Asks for what needs no answer: when the connection breaks meanwhile, so do the locks. */
  #tell(statement: string, values: readonly unknown[]): void {
    this.#connection.ask(statement, values).catch(() => undefined);
  }
}

const SHARE = `select case when pg_try_advisory_xact_lock_shared($1::bigint)
  then pg_try_advisory_lock_shared($2::bigint) else false end as taken`;

// Just after a start of PostgreSQL the gateways have lost their shares, and get those of running calls back first.
const GATE = `select case when now() - pg_postmaster_start_time() > interval '2 seconds'
  then pg_try_advisory_lock($1::bigint) else false end as taken`;

const ALONE = "select pg_try_advisory_lock($1::bigint) as taken, pg_notify($2, $3)";

const TELL = "select pg_notify($1, $2)";

const GIVE_ALONE = "select pg_advisory_unlock($1::bigint), pg_notify($2, $3)";

const GIVE_SHARES = `select pg_advisory_unlock_shared(lock), pg_notify($2, given)
  from unnest($1::bigint[], $3::text[]) as had (lock, given)`;

const END_SILENT = `select pg_terminate_backend(pid) from pg_locks join pg_stat_activity using (pid)
  where locktype = 'advisory' and objsubid = 1 and granted
    and database = (select oid from pg_database where datname = current_database())
    and (classid::bigint << 32) | objid::bigint = any($1::bigint[])
    and application_name = $2 and pid <> pg_backend_pid()
    and query_start < now() - make_interval(secs => $3)`;

function lockNames(key: SessionKey): LockNames {
  const hash = createHash("sha256").update(lockName(key)).digest();
  return {
    name: hash.toString("hex", 0, 16),
    session: String(hash.readBigInt64BE(0)),
    gate: String(hash.readBigInt64BE(8)),
  };
}
