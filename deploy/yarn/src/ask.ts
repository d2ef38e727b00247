import { connect } from "node:net";
import { request } from "node:http";

/** How long one question to a daemon may take, in milliseconds. */
const PATIENCE = 5_000;

/** An answer over HTTP. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Asks over HTTP, with Node's plain client: Ray refuses some calls of `fetch`, whose headers look like a browser's. */
export function ask(
  url: string,
  options: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: NodeJS.ReadableStream;
    readonly signal: AbortSignal;
    /** Milliseconds without a sign of life; by default 5 s. */
    readonly patience?: number;
  },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = "GET", headers = {}, body, signal, patience = PATIENCE } = options;
    const call = request(url, { method, headers, signal, timeout: patience }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.once("error", reject).once("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    call.once("timeout", () => call.destroy(new Error(`${url} did not answer within ${patience} ms`)));
    call.once("error", reject);
    if (body === undefined) call.end();
    else body.once("error", reject).pipe(call);
  });
}

/** The JSON that a daemon answers; undefined when it does not answer so, or not yet. */
export async function askJson(url: string, signal: AbortSignal): Promise<unknown> {
  try {
    const { status, body } = await ask(url, { signal });
    return status === 200 ? JSON.parse(body) : undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** Whether somebody accepts connections on a port of 127.0.0.1. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(PATIENCE, () => {
      settle(false);
    });
    socket.once("connect", () => {
      settle(true);
    });
    socket.once("error", () => {
      settle(false);
    });
  });
}
