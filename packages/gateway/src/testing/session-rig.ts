import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { SparkConnectService } from "@duet/spark-connect/wire";
import { driverAt } from "../drivers/launcher.ts";
import type { Driver } from "../drivers/driver.ts";
import { DriverPool } from "../drivers/pool.ts";
import { type GatewayEvent, GatewayEvents } from "../events.ts";
import { METHODS } from "../grpc/methods.ts";
import type { JournalEntry } from "../journal/journal-entry.ts";
import { summarize } from "../journal/summarize.ts";
import type { CallHead } from "../proxy/call.ts";
import type { SessionCall } from "../sessions/session-directory.ts";
import { type SessionOptions, Sessions } from "../sessions/sessions.ts";
import type { SessionStore } from "../store/session-store.ts";
import type { SettingsDriver } from "./settings-driver.ts";

/** A signal that is not aborted. */
export const NEVER = new AbortController().signal;

const ADA = { userId: "ada", pool: undefined };

/** A call's head, as read from its first message. */
function head(sessionId: string, name = "Config", pool?: string): CallHead {
  const method = METHODS.get(`/${SparkConnectService.typeName}/${name}`);
  assert.ok(method);
  return {
    ...{ method, sessionId, pool, userId: "ada", userContext: undefined, operationId: undefined },
    ...{ lastResponseId: undefined, observedServerSessionId: undefined, newSessionId: undefined },
  };
}

/** What sets a value, as a client's call does it. */
export function setting(key: string, value: string): readonly JournalEntry[] {
  const { input } = SparkConnectService.method.config;
  const operation = { opType: { case: "set" as const, value: { pairs: [{ key, value }] } } };
  const message = create(input, { sessionId: randomUUID(), userContext: { userId: "ada" }, operation });
  const { effect } = summarize("Config", Buffer.from(toBinary(input, message)));
  assert.equal(effect.type, "session");
  return effect.entries;
}

/** Whether a promise has settled after a turn of all that can run. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = () => {
    settled = true;
  };
  promise.then(note, note);
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

/** The ids of a rig's drivers. */
export type DriverId = "a" | "b";

/** The directory of sessions over the drivers `a` and `b`, without the proxy in front of it. */
export class SessionRig implements AsyncDisposable {
  /** What has happened so far. */
  readonly events: GatewayEvent[] = [];
  readonly pool: DriverPool;
  readonly sessions: Sessions;
  readonly #closing: AsyncDisposableStack;

  private constructor(pool: DriverPool, sessions: Sessions, closing: AsyncDisposableStack) {
    this.pool = pool;
    this.sessions = sessions;
    this.#closing = closing;
  }

  /** Goes on with the sessions of the store. */
  static async start(
    store: SessionStore,
    drivers: Readonly<Record<string, SettingsDriver>>,
    options: SessionOptions = {},
  ): Promise<SessionRig> {
    await using closing = new AsyncDisposableStack();
    const watch = { interval: 20, timeout: 500, failures: 1, pause: 10, longestPause: 20, stable: 0 };
    const pool = closing.use(new DriverPool(watch));
    const events = new GatewayEvents();
    const limits = {
      checkSession: () => undefined,
      beginOperation: () => new DisposableStack(),
      largestResult: () => undefined,
    };
    const sessions = closing.use(
      await Sessions.open({ pool, store, limits, events }, { patience: 2_000, ...options }),
    );
    const rig = new SessionRig(pool, sessions, closing.move());
    events.listen((event) => rig.events.push(event));
    for (const [id, driver] of Object.entries(drivers)) await rig.add(id, driver);
    return rig;
  }

  /** Adds a driver, and waits until it is ready. */
  async add(id: string, at: SettingsDriver): Promise<void> {
    this.pool.add({ id, capacity: 10 }, driverAt(at));
    await this.until(id, "ready");
  }

  /** Resolves when a driver is in this state. */
  async until(id: string, state: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const look = () => {
      if (this.driver(id).state === state) resolve(undefined);
    };
    const listening = this.pool.listen(look);
    look();
    await promise;
    listening[Symbol.dispose]();
  }

  /** The driver with this id. */
  driver(id: string): Driver {
    const driver = this.pool.drivers.find((each) => each.id === id);
    assert.ok(driver, `there is a driver ${id}`);
    return driver;
  }

  /** Enters a call of Ada's. */
  enter(sessionId: string, name?: string, signal = NEVER): Promise<SessionCall> {
    return this.sessions.enter(head(sessionId, name), ADA, signal);
  }

  /** Opens a session with a setting, and gives the driver that it is on. */
  async open(sessionId: string, value = "1"): Promise<DriverId> {
    using call = await this.enter(sessionId);
    await call.record(setting("spark.x", value));
    const { id } = call.place.driver;
    assert.ok(id === "a" || id === "b");
    return id;
  }

  /** How many sessions each driver has. */
  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.pool.drivers.map(({ id, sessions }) => [id, sessions]));
  }

  /** The events of this type so far. */
  of<T extends GatewayEvent["type"]>(type: T): readonly Extract<GatewayEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<GatewayEvent, { type: T }> => event.type === type);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closing.disposeAsync();
  }
}
