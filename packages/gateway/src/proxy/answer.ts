import type { ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from "node:http2";
import { constants } from "node:http2";
import { ResponseRewriter, type ResponseWatch, type Translate } from "../grpc/response-rewriter.ts";
import { GatewayError, StatusCode, isGrpc, resetError } from "../grpc/status.ts";
import type { ClientAnswer } from "./client-answer.ts";

/** How a driver's answer is passed on. */
export interface AnswerRules {
  /** Fields of the messages that are translated. */
  readonly translations: ReadonlyMap<number, Translate>;
  readonly watch?: ResponseWatch;
  /** Says when the answer is not wanted any more, for a reason other than that its client has gone. */
  readonly turn?: { readonly isOver: boolean; onOver: (() => void) | undefined };
  /**
   * What is held back, so that the driver's failure does not show: everything until the answer's end, each message
   * until it is whole, or nothing. Beyond {@link LARGEST_HELD} bytes everything goes.
   */
  hold(): "answer" | "messages" | "nothing";
  /** Bytes are about to be passed on; `torn` when they end within a message. May throw to end the call instead. */
  passing(bytes: number, torn: boolean): void;
  /** Whether there is something to be done before what has come is passed on; if so {@link settle} is waited for. */
  due(): boolean;
  /** Is waited for before the client gets the driver's status, or when something is `due`; then without a status. */
  settle(status: number | undefined): Promise<void>;
}

/** How passing on came to its end. */
export type AnswerEnd =
  | { readonly type: "answered"; readonly status: number }
  /**
   * The client has gone. The driver's stream goes on being read, to nowhere, until it is closed; `rest` resolves when it
   * has ended, with why it broke off, if it did.
   */
  | { readonly type: "gone"; readonly rest: Promise<GatewayError | undefined> };

/** Bytes of an answer that are held back at most. */
export const LARGEST_HELD = 1024 * 1024;

/**
 * Passes the driver's headers, messages and trailers on to the client. A slow client holds the driver back by HTTP/2's
 * flow control; between the two lie at most one window and one write buffer.
 *
 * @throws {GatewayError} when the driver breaks off, or its answer cannot be read. The client has been given whole
 *   messages then, except where {@link AnswerRules.passing} was told otherwise, and no status.
 */
export function passAnswer(
  driver: ClientHttp2Stream,
  client: ClientAnswer,
  rules: AnswerRules,
  name: string,
): Promise<AnswerEnd> {
  return new AnswerPassing(driver, client, rules, name).ended;
}

class AnswerPassing {
  readonly ended: Promise<AnswerEnd>;
  readonly #driver: ClientHttp2Stream;
  readonly #client: ClientAnswer;
  readonly #rules: AnswerRules;
  readonly #name: string;
  readonly #rewriter: ResponseRewriter;
  readonly #rest = Promise.withResolvers<GatewayError | undefined>();
  readonly #resolve: (end: AnswerEnd) => void;
  readonly #reject: (error: GatewayError) => void;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #trailers: IncomingHttpHeaders | undefined;
  #read = false;
  #settling = false;
  #done = false;
  #cause: Error | undefined;

  constructor(driver: ClientHttp2Stream, client: ClientAnswer, rules: AnswerRules, name: string) {
    this.#driver = driver;
    this.#client = client;
    this.#rules = rules;
    this.#name = name;
    this.#rewriter = new ResponseRewriter(rules.translations, rules.watch);
    const { promise, resolve, reject } = Promise.withResolvers<AnswerEnd>();
    this.ended = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    if (client.isGone) this.#leave();
    else client.onGone = this.#leave;
    if (rules.turn?.isOver === true) this.#stop();
    else if (rules.turn !== undefined) rules.turn.onOver = this.#stop;
    // A stream forgets its session when it closes.
    const session = driver.session;
    driver.on("response", (headers, flags) => {
      this.#begin(headers, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0);
    });
    driver.on("data", (chunk: Buffer) => {
      this.#take(chunk);
    });
    driver.on("trailers", (received: IncomingHttpHeaders) => {
      this.#trailers = received;
      this.#finish();
    });
    driver.on("end", () => {
      this.#read = true;
      this.#finish();
    });
    driver.on("error", (error: Error) => (this.#cause = error));
    driver.on("close", () => {
      if (this.#trailers !== undefined && this.#read) return;
      if (session?.destroyed !== false) this.#fail(lost(name, this.#cause));
      else if (this.#read) this.#fail(broken(name, "it has no status"));
      else this.#fail(resetError(name, driver.rstCode));
    });
  }

  /** The client has gone: what the driver still says is looked at, and goes nowhere. */
  readonly #leave = (): void => {
    this.#held = [];
    this.#heldBytes = 0;
    this.#driver.resume();
    this.#resolve({ type: "gone", rest: this.#rest.promise });
  };

  readonly #stop = (): void => {
    this.#fail(new GatewayError("operation-exists", StatusCode.cancelled, "another call goes on with it"));
  };

  #begin(headers: IncomingHttpHeaders & IncomingHttpStatusHeader, ended: boolean): void {
    if (headers[":status"] !== 200 || !isGrpc(headers) || (ended && headers["grpc-status"] === undefined)) {
      this.#fail(broken(this.#name, `it speaks no gRPC (HTTP status ${String(headers[":status"])})`));
    } else if (ended) {
      this.#trailers = headers;
      this.#read = true;
      this.#finish();
    } else if (!this.#done) {
      this.#client.begin(headers);
    }
  }

  #take(chunk: Buffer): void {
    if (this.#done) return;
    try {
      const bytes = this.#rewriter.push(chunk);
      if (this.#client.isGone) {
        if (this.#rules.due()) this.#settleDue();
        return;
      }
      // Where whole messages end, counted from the first byte that is held.
      const whole = this.#rewriter.whole === 0 ? 0 : this.#heldBytes + this.#rewriter.whole;
      if (bytes.length > 0) this.#held.push(bytes);
      this.#heldBytes += bytes.length;
      if (this.#rules.due()) this.#settleDue();
      else if (!this.#settling) this.#release(whole);
    } catch (error) {
      this.#fail(GatewayError.from(error));
    }
  }

  #settleDue(): void {
    if (this.#settling) return;
    this.#settling = true;
    this.#driver.pause();
    this.#rules
      .settle(undefined)
      .then(() => {
        this.#settling = false;
        if (this.#done) return;
        this.#pass(this.#heldBytes);
        this.#driver.resume();
        this.#finish();
      })
      .catch((error: unknown) => {
        this.#fail(GatewayError.from(error));
      });
  }

  /** Passes on what need not be held; `whole` bytes of it are whole messages. */
  #release(whole: number): void {
    const hold = this.#heldBytes > LARGEST_HELD ? "nothing" : this.#rules.hold();
    if (hold === "nothing") this.#pass(this.#heldBytes);
    else if (hold === "messages") this.#pass(whole);
  }

  #pass(count: number): void {
    if (count === 0) return;
    const held = this.#held.length === 1 ? (this.#held[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#held);
    const bytes = held.subarray(0, count);
    this.#held = count === held.length ? [] : [held.subarray(count)];
    this.#heldBytes = held.length - count;
    this.#rules.passing(bytes.length, this.#heldBytes === 0 && !this.#rewriter.atBoundary);
    if (this.#client.write(bytes)) return;
    this.#driver.pause();
    this.#client.drained(() => {
      if (!this.#settling) this.#driver.resume();
    });
  }

  #finish(): void {
    const trailers = this.#trailers;
    if (this.#done || this.#settling || !this.#read || trailers === undefined) return;
    const status = trailers["grpc-status"];
    if (status === undefined || !this.#rewriter.atBoundary) {
      const why = status === undefined ? "it has no status" : "its last message is not whole";
      this.#fail(broken(this.#name, why));
      return;
    }
    this.#settling = true;
    this.#rules
      .settle(Number(status))
      .then(() => {
        if (this.#done) return;
        if (!this.#client.isGone) this.#pass(this.#heldBytes);
        this.#close();
        this.#client.end(trailers);
        this.#resolve({ type: "answered", status: Number(status) });
        this.#rest.resolve(undefined);
      })
      .catch((error: unknown) => {
        this.#fail(GatewayError.from(error));
      });
  }

  #close(): void {
    this.#done = true;
    this.#client.onGone = undefined;
    if (this.#rules.turn !== undefined) this.#rules.turn.onOver = undefined;
  }

  #fail(error: GatewayError): void {
    if (this.#done) return;
    this.#close();
    this.#reject(error);
    this.#rest.resolve(error);
    if (!this.#driver.closed) this.#driver.close(constants.NGHTTP2_CANCEL);
  }
}

function lost(name: string, cause: Error | undefined): GatewayError {
  return new GatewayError(
    "driver-lost",
    StatusCode.unavailable,
    `the connection to the driver ${name} was lost: ${cause?.message ?? "it was closed"}`,
    cause === undefined ? {} : { cause },
  );
}

function broken(name: string, why: string): GatewayError {
  return new GatewayError(
    "driver-response-broken",
    StatusCode.unavailable,
    `the answer of the driver ${name} cannot be read: ${why}`,
  );
}
