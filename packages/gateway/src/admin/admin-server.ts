import { createHash, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AdminError } from "./admin-error.ts";
import { answerDrivers } from "./driver-routes.ts";
import type { PoolActions } from "./pool-actions.ts";
import type { Readiness } from "./pool-report.ts";
import { sendJson, sendText } from "./send.ts";
import { toAdminError } from "./to-admin-error.ts";

/** What the admin listener serves. */
export interface AdminServerOptions {
  readonly host: string;
  readonly port: number;
  /** Asked for as `Authorization: Bearer …` by everything about drivers, and by metrics unless on loopback. */
  readonly token: string;
  readonly actions: PoolActions;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  readonly ready: () => Readiness;
}

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/u;

/**
 * The gateway's second listener, plain HTTP/1.1:
 * - `GET /healthz`: 200 while the process works; `GET /readyz`: 200 when sessions find a driver, else 503 and why;
 * - `GET /metrics`: Prometheus' text format;
 * - `GET /drivers`, `GET /drivers?watch`, `POST /drivers`, `POST /drivers/ID/drain`, `POST /restart`, `POST /upgrade`: what
 *   `duet drivers` asks for, JSON.
 */
export class AdminServer implements AsyncDisposable {
  readonly #options: AdminServerOptions;
  readonly #server: Server;
  readonly #closing = new AbortController();

  private constructor(options: AdminServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      void this.#serve(request, response);
    });
  }

  /** Listens; rejects when the port is taken. */
  static async listen(options: AdminServerOptions): Promise<AdminServer> {
    const admin = new AdminServer(options);
    admin.#server.listen(options.port, options.host);
    await once(admin.#server, "listening");
    return admin;
  }

  /** `http://127.0.0.1:15003` */
  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
  }

  /** Takes no more requests and breaks those that run: what they have begun stops after its step. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error("the gateway ends"));
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that goes in between is told by "close".
    response.on("error", () => undefined);
    try {
      await this.#answer(request, response);
    } catch (thrown) {
      const error = toAdminError(thrown);
      if (response.headersSent) response.destroy();
      else sendJson(response, error.status, { code: error.code, message: error.message });
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { actions, metrics, ready } = this.#options;
    const url = new URL(request.url ?? "/", "http://gateway");
    switch (`${request.method ?? ""} ${url.pathname}`) {
      case "GET /healthz":
        sendText(response, 200, "ok\n");
        return;
      case "GET /readyz": {
        const state = ready();
        sendText(response, state.ready ? 200 : 503, state.ready ? "ready\n" : `${state.because}\n`);
        return;
      }
      case "GET /metrics":
        if (!LOOPBACK.test(this.#options.host)) this.#demandToken(request);
        response.setHeader("content-type", metrics.contentType);
        response.end(await metrics.text());
        return;
    }
    this.#demandToken(request);
    await answerDrivers(request, response, url, actions, this.#closing.signal);
  }

  #demandToken(request: IncomingMessage): void {
    const [, given] = /^Bearer (.+)$/u.exec(request.headers.authorization ?? "") ?? [];
    if (given !== undefined && isSame(given, this.#options.token)) return;
    throw new AdminError(
      "admin-refused",
      given === undefined
        ? "the admin listener asks for a token: Authorization: Bearer …"
        : "the admin listener does not know this token",
    );
  }
}

/** Compares in a time that tells nothing. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
