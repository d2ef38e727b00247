import { once } from "node:events";
import type { ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import { constants } from "node:http2";
import { withFields } from "../grpc/fields.ts";
import { frameParts } from "../grpc/message-reader.ts";
import { type AnswerEnd, type AnswerRules, passAnswer } from "./answer.ts";
import type { ClientAnswer } from "./client-answer.ts";
import type { DriverConnection } from "./driver-connection.ts";

/** One try of a call, at one driver. */
export interface Attempt {
  readonly driver: DriverConnection;
  readonly headers: OutgoingHttpHeaders;
  readonly messages: AsyncIterable<Buffer>;
  /** Fields of each request message to be replaced, or left out (undefined). */
  readonly requestFields: ReadonlyMap<number, Buffer | undefined>;
  readonly client: ClientAnswer;
  readonly rules: AnswerRules;
  /** Called when a connection is there, before anything of the request is on its way; may throw to let it be. */
  readonly sending?: () => Promise<void> | void;
}

/** How a try came to its end, and the driver's stream, which is still open when the client has gone. */
export interface AttemptEnd {
  readonly end: AnswerEnd;
  readonly stream: ClientHttp2Stream;
}

/** Messages below this many bytes are copied into one piece; larger ones are written as they lie. */
const SMALL = 16 * 1024;

/**
 * Passes a call on and its answer back, until the client has its status or has gone.
 * @throws {GatewayError} what the driver did wrong: `driver-unreachable` when nothing was sent, others as
 *   {@link passAnswer} says; what is wrong with the request; what the callbacks throw. The driver's stream is closed then.
 */
export async function attempt(call: Attempt): Promise<AttemptEnd> {
  const stream = await call.driver.request(call.headers);
  const cancel = () => {
    if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
  };
  // Without this, an error that comes while `sending` waits would be nobody's.
  stream.on("error", () => undefined);
  try {
    const wait = call.sending?.();
    if (wait !== undefined) await wait;
    const answered = passAnswer(stream, call.client, call.rules, call.driver.name);
    const sent = sendMessages(stream, call).catch((error: unknown) => {
      cancel();
      throw error;
    });
    // What fails first is told, and the other direction ends with it. A driver may answer before it has read the whole
    // request; then what is left of that does not matter.
    for (const direction of [answered, sent]) direction.catch(() => undefined);
    return { end: await Promise.race([answered, sent.then(() => answered)]), stream };
  } catch (error) {
    cancel();
    throw error;
  }
}

async function sendMessages(stream: ClientHttp2Stream, { messages, requestFields }: Attempt): Promise<void> {
  for await (const message of messages) {
    if (stream.destroyed || stream.closed) return;
    if (!write(stream, frameParts(withFields(message, requestFields)))) await drainedOrClosed(stream);
  }
  if (!stream.destroyed && !stream.closed) stream.end();
}

/** Writes the parts at once; false when it is better to wait. */
function write(stream: ClientHttp2Stream, parts: readonly Buffer[]): boolean {
  if (parts.reduce((sum, part) => sum + part.length, 0) < SMALL) return stream.write(Buffer.concat(parts));
  stream.cork();
  const taken = parts.map((part) => stream.write(part)).every(Boolean);
  stream.uncork();
  return taken;
}

/** Resolves when a stream takes more, or never will. */
async function drainedOrClosed(stream: ClientHttp2Stream): Promise<void> {
  const closed = new AbortController();
  const onClose = () => {
    closed.abort();
  };
  stream.once("close", onClose);
  await once(stream, "drain", { signal: closed.signal }).catch((error: unknown) => {
    if (!stream.closed && !stream.destroyed) throw error;
  });
  stream.off("close", onClose);
}
