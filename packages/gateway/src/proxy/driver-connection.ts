import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  ClientSessionOptions,
  OutgoingHttpHeaders,
} from "node:http2";
import { connect } from "node:http2";
import type { TcpNetConnectOpts } from "node:net";
import { GatewayError, StatusCode } from "../grpc/status.ts";

/** Where a driver listens, without TLS. */
export interface DriverAddress {
  readonly host: string;
  readonly port: number;
}

/** Bytes that a driver may send ahead of a slow client, for one call and for all calls. */
const STREAM_WINDOW = 1024 * 1024;
const CONNECTION_WINDOW = 16 * 1024 * 1024;

/**
 * Megabytes that Node lets one connection hold before it refuses further calls; the flow control of each call bounds
 * them much lower, so this only must not be in the way.
 */
const SESSION_MEMORY = 1024;

/** Milliseconds that a driver has to take a connection. */
const CONNECT_TIMEOUT = 5_000;

/** Milliseconds of silence before the system asks whether the driver's machine is still there. */
const KEEP_ALIVE_DELAY = 30_000;

/**
 * One HTTP/2 connection to a driver, which carries all calls to it. It is opened by the first call, and anew when the
 * driver has ended it (GOAWAY) or it broke; calls that the driver still answers on an old one go on there.
 *
 * It sends no HTTP/2 pings: Spark's server hangs up on whoever pings more often than every five minutes
 * (`too_many_pings`). A driver that hangs is found by a call that it does not answer.
 */
export class DriverConnection implements Disposable {
  readonly address: DriverAddress;
  /**
   * Makes sure, on a connection of its own, that the same driver is still behind the address; rejects when it is not.
   * Calls wait for it whenever the connection has to be opened anew.
   */
  verify: ((fresh: DriverConnection) => Promise<void>) | undefined;
  readonly #open = new Set<ClientHttp2Session>();
  readonly #broken: () => void;
  #current: Promise<ClientHttp2Session> | undefined;
  #disposed = false;

  /** `broken` is called when a connection could not be made, or ended without our doing. */
  constructor(address: DriverAddress, broken: () => void = () => undefined) {
    this.address = address;
    this.#broken = broken;
  }

  /** `127.0.0.1:15002` */
  get name(): string {
    const { host, port } = this.address;
    return `${host.includes(":") ? `[${host}]` : host}:${port}`;
  }

  /**
   * Begins a call.
   * @throws {GatewayError} `driver-unreachable` when no connection can be made, another driver is there, or this one has
   *   been disposed of.
   */
  async request(headers: OutgoingHttpHeaders): Promise<ClientHttp2Stream> {
    if (this.#disposed) throw unreachable(this.name, new Error("this life of it is over"));
    const session = await (this.#current ??= this.#connect());
    if (session.closed || session.destroyed) {
      this.#forget(session);
      return this.request(headers);
    }
    return session.request({ ...headers, ":scheme": "http", ":authority": this.name });
  }

  /** Breaks the connection and all calls on it; the next call opens a new one. */
  reset(): void {
    const open = [...this.#open];
    this.#open.clear();
    this.#current = undefined;
    for (const session of open) session.destroy();
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.reset();
  }

  #connect(): Promise<ClientHttp2Session> {
    // Node passes the options on to the socket, which its types do not say.
    const options: ClientSessionOptions & Pick<TcpNetConnectOpts, "keepAlive" | "keepAliveInitialDelay"> = {
      settings: { initialWindowSize: STREAM_WINDOW, enablePush: false },
      maxSessionMemory: SESSION_MEMORY,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY,
    };
    const session = connect(`http://${this.name}`, options);
    this.#open.add(session);
    const connected = new Promise<ClientHttp2Session>((resolve, reject) => {
      const timer = setTimeout(() => {
        session.destroy(new Error(`no connection within ${CONNECT_TIMEOUT} ms`));
      }, CONNECT_TIMEOUT);
      session.once("connect", () => {
        clearTimeout(timer);
        session.setLocalWindowSize(CONNECTION_WINDOW);
        resolve(session);
      });
      // Each call learns of a late error through its own stream.
      session.on("error", (cause: Error) => {
        reject(unreachable(this.name, cause));
      });
      session.once("goaway", () => {
        this.#forget(session);
      });
      session.once("close", () => {
        clearTimeout(timer);
        this.#forget(session);
        reject(unreachable(this.name, new Error("the connection was closed")));
        if (this.#open.delete(session)) this.#broken();
      });
    });
    const connecting = this.#verified(connected);
    this.#current = connecting;
    this.#sessions.set(session, connecting);
    connecting.catch(() => {
      this.#forget(session);
    });
    return connecting;
  }

  async #verified(connected: Promise<ClientHttp2Session>): Promise<ClientHttp2Session> {
    const session = await connected;
    if (this.verify === undefined) return session;
    using fresh = new DriverConnection(this.address);
    try {
      await this.verify(fresh);
      return session;
    } catch (error) {
      session.destroy();
      throw unreachable(this.name, error as Error);
    }
  }

  readonly #sessions = new WeakMap<ClientHttp2Session, Promise<ClientHttp2Session>>();

  #forget(session: ClientHttp2Session): void {
    if (this.#current === this.#sessions.get(session)) this.#current = undefined;
  }
}

function unreachable(name: string, cause: Error): GatewayError {
  return new GatewayError(
    "driver-unreachable",
    StatusCode.unavailable,
    `the driver ${name} cannot be reached: ${cause.message}`,
    { cause },
  );
}
