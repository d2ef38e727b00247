import type { Agent, Dispatcher, request as send } from "undici";
import { answerError, connectionError, RayJobsError } from "./jobs-error.ts";

/** Where Ray's Jobs API answers. */
export interface RayJobsAddress {
  /** `http://host:8265` */
  readonly url: string;
  /** Absent where the cluster asks for none. */
  readonly token?: string;
}

/** One call. */
export interface JobsCall {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  readonly signal?: AbortSignal | undefined;
}

/** An answer whose body is still to be read. */
export type JobsAnswer = Dispatcher.ResponseData;

const CONNECT_TIMEOUT_MS = 10_000;
/** Ray's head waits 10 s itself for an agent before it answers. Milliseconds. */
const ANSWER_TIMEOUT_MS = 60_000;

/**
 * HTTP calls to the Jobs API. undici's `request` and not `fetch`: the latter's `Sec-Fetch-*` headers look like a
 * browser's, and Ray answers 405 to those.
 */
export class JobsConnection implements AsyncDisposable {
  readonly url: string;
  readonly #token: string | undefined;
  #http: ReturnType<typeof openHttp> | undefined;

  constructor(address: RayJobsAddress) {
    this.url = address.url;
    this.#token = address.token;
  }

  /** Calls, and gives the answer whatever its status. @throws {RayJobsError} `jobs-unreachable` */
  async call({ method, path, query, json, bytes, signal }: JobsCall): Promise<JobsAnswer> {
    const address = new URL(path, `${this.url}/`);
    for (const [name, value] of Object.entries(query ?? {})) address.searchParams.set(name, value);
    const { request, agent } = await (this.#http ??= openHttp());
    try {
      return await request(address, {
        method,
        headers: {
          ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
          ...(json === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
        ...(bytes === undefined ? {} : { body: bytes }),
        dispatcher: agent,
        signal: signal ?? null,
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw connectionError(this.url, cause);
    }
  }

  /** Calls and reads the JSON of a good answer. @throws {RayJobsError} */
  async json(call: JobsCall): Promise<unknown> {
    const answer = await this.call(call);
    const text = await this.text(answer, call.signal);
    if (answer.statusCode >= 400) throw answerError(this.url, answer.statusCode, text);
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new RayJobsError(
        {
          code: "jobs-not-ray",
          message: `${this.url} answers, but not as Ray's Jobs API: ${text.slice(0, 80)}`,
          help: "the address is that of Ray's dashboard, by default port 8265 of the head node",
        },
        { cause },
      );
    }
  }

  /** Reads a body to its end. @throws {RayJobsError} `jobs-unreachable` when it is cut off */
  async text(answer: JobsAnswer, signal?: AbortSignal): Promise<string> {
    try {
      return await answer.body.text();
    } catch (cause) {
      signal?.throwIfAborted();
      throw connectionError(this.url, cause);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#http)?.agent.destroy();
  }
}

/** Loaded when it is first used: it takes 60 ms, which every script that runs elsewhere would spend too. */
async function openHttp(): Promise<{ readonly request: typeof send; readonly agent: Agent }> {
  const undici = await import("undici");
  // A log that is followed may be silent for hours.
  const agent = new undici.Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: 0,
  });
  return { request: undici.request, agent };
}
