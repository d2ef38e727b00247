import { WebSocket } from "ws";
import type { BridgeMessage, ClientMessage } from "./bridge-message.ts";
import { RayError } from "./ray-error.ts";

/** Milliseconds between two pings; a bridge that leaves three unanswered is lost. */
const PING_INTERVAL = 2000;
const UNANSWERED_PINGS = 3;
/** So many messages go out without waiting for the end of the caller's turn. */
const BATCH = 64;

/** What happens on a socket. `lost` is called once, and nothing after it. */
export interface SocketHandlers {
  message(message: BridgeMessage): void;
  lost(error: RayError): void;
}

/** The WebSocket to a bridge: messages in batches both ways, and a heartbeat. */
export class BridgeSocket {
  readonly #url: string;
  readonly #socket: WebSocket;
  readonly #handlers: SocketHandlers;
  #heartbeat: NodeJS.Timeout | undefined;
  #outgoing: string[] = [];
  #unanswered = 0;
  #lost = false;

  /** Begins to connect; `opened` waits for it. The bridge greets at once, so the handlers must be there from now on. */
  constructor(url: string, token: string, handlers: SocketHandlers) {
    this.#url = url;
    const socket = newSocket(url, token);
    this.#socket = socket;
    this.#handlers = handlers;
    socket.on("message", (data) => {
      this.#unanswered = 0;
      const text = Buffer.isBuffer(data)
        ? data.toString()
        : Buffer.concat([data].flat() as Buffer[]).toString();
      for (const message of JSON.parse(text) as BridgeMessage[]) {
        if (message.type === "lost") this.#lose(message.message);
        else if (!this.#lost) handlers.message(message);
      }
    });
    socket.on("pong", () => {
      this.#unanswered = 0;
    });
    socket.on("close", () => {
      this.#lose(
        "The connection to the bridge has ended: the bridge, or the Ray behind it, has stopped or was killed.",
      );
    });
    socket.on("error", (error) => {
      this.#lose(`The connection to the bridge has failed: ${error.message}`);
    });
    socket.once("open", () => {
      this.#heartbeat = setInterval(() => {
        this.#ping();
      }, PING_INTERVAL);
      this.#heartbeat.unref();
    });
  }

  /**
   * Waits for the connection.
   *
   * @throws RayError `unauthorized` for a wrong token, `bridge-unreachable` where nothing answers; the signal's reason.
   */
  async opened(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const url = this.#url;
    const socket = this.#socket;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const abort = (): void => {
      reject(signal?.reason as Error);
      socket.terminate();
    };
    signal?.addEventListener("abort", abort, { once: true });
    // A `terminate` while it connects makes the socket emit an error, which must have a listener.
    socket.on("error", (error) => {
      reject(
        new RayError(
          { code: "bridge-unreachable", message: `No bridge to Ray answers at ${url}: ${error.message}` },
          { cause: error },
        ),
      );
    });
    socket.once("unexpected-response", (request, response) => {
      const code = response.statusCode === 401 ? "unauthorized" : "bridge-unreachable";
      const message =
        code === "unauthorized"
          ? `The bridge at ${url} does not accept the token.`
          : `What answers at ${url} is no bridge to Ray (HTTP ${response.statusCode ?? "?"}).`;
      reject(new RayError({ code, message }));
      request.destroy();
    });
    socket.once("open", () => {
      resolve(undefined);
    });
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Sends a message with those of the same turn of the event loop. Nothing happens when the bridge is lost. */
  send(message: ClientMessage): void {
    if (this.#lost) return;
    this.#outgoing.push(JSON.stringify(message));
    if (this.#outgoing.length === 1)
      queueMicrotask(() => {
        this.#flush();
      });
    else if (this.#outgoing.length >= BATCH) this.#flush();
  }

  /** Closes the connection; `lost` is not called. */
  async close(): Promise<void> {
    this.#flush();
    this.#lost = true;
    clearInterval(this.#heartbeat);
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => this.#socket.once("close", resolve));
    this.#socket.close();
    const impatience = setTimeout(() => {
      this.#socket.terminate();
    }, 1000);
    await closed;
    clearTimeout(impatience);
  }

  #flush(): void {
    if (this.#outgoing.length === 0) return;
    const batch = this.#outgoing;
    this.#outgoing = [];
    this.#socket.send(`[${batch.join(",")}]`);
  }

  #ping(): void {
    if (this.#unanswered >= UNANSWERED_PINGS) {
      this.#lose("The bridge to Ray does not answer.");
      this.#socket.terminate();
      return;
    }
    this.#unanswered += 1;
    this.#socket.ping();
  }

  #lose(message: string): void {
    if (this.#lost) return;
    this.#lost = true;
    clearInterval(this.#heartbeat);
    this.#handlers.lost(
      new RayError({ code: "ray-lost", message: `${message} Refs to its objects are lost; start again.` }),
    );
  }
}

function newSocket(url: string, token: string): WebSocket {
  const address = new URL("/connect", url);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(address, {
    perMessageDeflate: false,
    headers: { Authorization: `Bearer ${token}` },
    maxPayload: 512 * 1024 * 1024,
    handshakeTimeout: 10_000,
  });
}
