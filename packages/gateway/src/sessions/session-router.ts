import { randomUUID } from "node:crypto";
import { SparkConnectService } from "@duet/spark-connect/wire";
import { DEFAULT_POOL, type Driver } from "../drivers/driver.ts";
import type { DriverPool } from "../drivers/pool.ts";
import type { Method } from "../grpc/methods.ts";
import type { Translate } from "../grpc/response-rewriter.ts";
import { GatewayError, StatusCode } from "../grpc/status.ts";
import type { CallHead, Route, Router } from "../proxy/call.ts";
import type { DriverConnection } from "../proxy/driver-connection.ts";
import { unaryCall } from "../proxy/unary-call.ts";
import { Placement } from "./router-placement.ts";
import { driverSessionId } from "./session-id.ts";
import type { Session } from "./router-session.ts";

/** Methods that make a session where there is none; the others are about something that must be there. */
const OPENING = new Set(["ExecutePlan", "AnalyzePlan", "Config", "AddArtifacts", "ArtifactStatus"]);

/** How sessions are kept; times are milliseconds. */
export interface SessionOptions {
  /** How long a new session waits for a driver; by default 60 s. */
  readonly patience?: number;
  /** After how long without a call a session is ended; by default an hour, as Spark does. */
  readonly longestIdle?: number;
}

const PATIENCE = 60_000;

const LONGEST_IDLE = 3_600_000;

const RELEASE_TIMEOUT = 10_000;

/** Places sessions on drivers, and routes every call of a session to its driver. */
export class SessionRouter implements Router, Disposable {
  readonly #pool: DriverPool;
  readonly #placement: Placement;
  /** By the id that drivers see, which tells user and session apart. */
  readonly #sessions = new Map<string, Session>();
  readonly #sweep: NodeJS.Timeout;
  readonly #opening = new Map<string, Promise<Session>>();

  constructor(pool: DriverPool, options: SessionOptions = {}) {
    this.#pool = pool;
    this.#placement = new Placement(pool, options.patience ?? PATIENCE);
    const longest = options.longestIdle ?? LONGEST_IDLE;
    this.#sweep = setInterval(() => {
      this.#endIdle(longest);
    }, longest / 10);
  }

  /** The sessions of now. */
  get sessions(): readonly Session[] {
    return [...this.#sessions.values()];
  }

  async route(head: CallHead, signal: AbortSignal): Promise<Route> {
    const session = await untilAborted(this.#find(head), signal);
    const { name } = head.method;
    if (session.driver.connection !== session.life) {
      if (name === "ReleaseSession") this.#sessions.delete(session.driverId);
      throw lostSession(session);
    }
    const cloneId = name === "CloneSession" ? (head.newSessionId ?? randomUUID()) : undefined;
    session.calls += 1;
    session.driver.calls += 1;
    return {
      driver: session.life,
      requestFields: requestFields(session, head.method, cloneId),
      responseFields: responseFields(session, head.method, cloneId),
      answered: (status) => {
        if (status !== StatusCode.ok) return;
        if (name === "ReleaseSession") this.#end(session);
        if (cloneId !== undefined) this.#adoptClone(session, cloneId);
      },
      [Symbol.dispose]: () => {
        session.calls -= 1;
        session.driver.calls -= 1;
        session.idleSince = performance.now();
      },
    };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#sweep);
    this.#placement[Symbol.dispose]();
  }

  /** The call's session, which the first call of it makes; calls that come meanwhile wait for the same. */
  #find(head: CallHead): Promise<Session> {
    const id = driverSessionId(head.userId, head.sessionId);
    const session = this.#sessions.get(id);
    if (session !== undefined) return Promise.resolve(session);
    const found = this.#opening.get(id);
    if (found !== undefined) return found;
    if (!OPENING.has(head.method.name)) return Promise.reject(unknownSession(head));
    // Not bound to the first call: others may come to wait for it too, and it waits no longer than the patience.
    const opening = this.#open(head).finally(() => this.#opening.delete(id));
    this.#opening.set(id, opening);
    return opening;
  }

  async #open({ userId, sessionId, pool }: CallHead): Promise<Session> {
    const { driver, life } = await this.#placement.place(pool ?? DEFAULT_POOL);
    return this.#begin(userId, sessionId, driver, life);
  }

  #begin(userId: string, clientId: string, driver: Driver, life: DriverConnection): Session {
    const driverId = driverSessionId(userId, clientId);
    const session = { userId, clientId, driverId, driver, life, calls: 0, idleSince: performance.now() };
    this.#sessions.set(driverId, session);
    return session;
  }

  /** A clone lives where its original does, even when that driver is full. */
  #adoptClone({ userId, driver, life }: Session, clientId: string): void {
    if (driver.connection !== life) return;
    driver.sessions += 1;
    this.#begin(userId, clientId, driver, life);
  }

  #end(session: Session): void {
    if (!this.#sessions.delete(session.driverId)) return;
    if (session.driver.connection === session.life) this.#pool.sessionEnded(session.driver);
  }

  /** Ends the sessions whose clients have not been heard of for long, on their drivers too. */
  #endIdle(longest: number): void {
    const due = performance.now() - longest;
    for (const session of this.#sessions.values()) {
      if (session.calls > 0 || session.idleSince > due) continue;
      this.#end(session);
      if (session.driver.connection !== session.life) continue;
      const { driverId, userId, life } = session;
      const release = unaryCall(
        life,
        SparkConnectService.method.releaseSession,
        { sessionId: driverId, userContext: { userId } },
        RELEASE_TIMEOUT,
      );
      // The driver ends an idle session by itself in the end.
      release.catch(() => undefined);
    }
  }
}

function requestFields(
  session: Session,
  { request }: Method,
  cloneId: string | undefined,
): ReadonlyMap<number, Buffer> {
  const values = new Map([[request.sessionId, Buffer.from(session.driverId)]]);
  if (cloneId !== undefined && request.newSessionId !== undefined) {
    values.set(request.newSessionId, Buffer.from(driverSessionId(session.userId, cloneId)));
  }
  return values;
}

function responseFields(
  session: Session,
  { response }: Method,
  cloneId: string | undefined,
): ReadonlyMap<number, Translate> {
  const values = new Map([[response.sessionId, translation(session.driverId, session.clientId)]]);
  if (cloneId !== undefined && response.newSessionId !== undefined) {
    values.set(response.newSessionId, translation(driverSessionId(session.userId, cloneId), cloneId));
  }
  return values;
}

function translation(from: string, to: string): Translate {
  return (value) => (value === from ? to : value);
}

async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => {
    reject(signal.reason as Error);
  };
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function unknownSession({ sessionId, method }: CallHead): GatewayError {
  return new GatewayError(
    "session-unknown",
    StatusCode.notFound,
    `there is no session ${sessionId} for ${method.name}`,
    { errorClass: "INVALID_HANDLE.SESSION_NOT_FOUND" },
  );
}

/** Named as Spark names a driver that was started anew, so that clients know that the session cannot be gone on with. */
function lostSession({ clientId, driver }: Session): GatewayError {
  return new GatewayError(
    "session-lost",
    StatusCode.internal,
    `the driver ${driver.id} of the session ${clientId} was lost, and the session with it: open a new one`,
    { errorClass: "INVALID_HANDLE.SESSION_CHANGED" },
  );
}
