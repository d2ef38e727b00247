import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import { GatewayError, StatusCode } from "./status.ts";

/** Bytes before each message: one that says whether it is compressed, four of length. */
const PREFIX = 5;

const DECOMPRESSORS: Readonly<Record<string, typeof gunzip>> = { gzip: gunzip, deflate: inflate };

/** How requests may come in, for `grpc-accept-encoding`. */
export const ACCEPTED_ENCODINGS = ["identity", ...Object.keys(DECOMPRESSORS)].join(",");

/** How to read a stream of gRPC messages. */
export interface MessageOptions {
  /** Bytes of the largest message, before and after decompression. */
  readonly largest: number;
  /** The value of `grpc-encoding`. */
  readonly encoding: string | undefined;
}

/**
 * The messages of a gRPC stream, whole and without their prefix, decompressed. A message that is too large is refused
 * when its length is known, before it is held.
 * @throws {GatewayError} `message-too-large`, `message-broken`, `encoding-unsupported`.
 */
export async function* readMessages(stream: Readable, options: MessageOptions): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let size = 0;
  let wanted = PREFIX;
  let compressed: boolean | undefined;
  // Left undestroyed when reading stops early, so that the client can still be told why.
  const chunks = stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of chunks) {
    held.push(chunk);
    size += chunk.length;
    while (size >= wanted) {
      const joined = held.length === 1 ? (held[0] ?? chunk) : Buffer.concat(held, size);
      const part = joined.subarray(0, wanted);
      size -= wanted;
      held = size === 0 ? [] : [joined.subarray(wanted)];
      if (compressed === undefined) {
        compressed = isCompressed(part);
        wanted = part.readUInt32BE(1);
        if (wanted > options.largest) throw tooLarge(wanted, options.largest);
      } else {
        yield compressed ? await decompress(part, options) : part;
        compressed = undefined;
        wanted = PREFIX;
      }
    }
  }
  if (size > 0 || compressed !== undefined) {
    throw new GatewayError(
      "message-broken",
      StatusCode.invalidArgument,
      `the request ended within a message: ${size} of ${wanted} bytes came`,
    );
  }
}

/** A message with its prefix, not compressed. */
export function frameMessage(message: Buffer): Buffer {
  return Buffer.concat(frameParts([message]));
}

/** A message that lies in several parts, with its prefix, not compressed. */
export function frameParts(message: readonly Buffer[]): readonly Buffer[] {
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32BE(
    message.reduce((sum, part) => sum + part.length, 0),
    1,
  );
  return [prefix, ...message];
}

function isCompressed(prefix: Buffer): boolean {
  const flag = prefix[0];
  if (flag === 0 || flag === 1) return flag === 1;
  throw new GatewayError(
    "message-broken",
    StatusCode.invalidArgument,
    `the request is no stream of gRPC messages: one begins with the byte ${String(flag)}`,
  );
}

async function decompress(message: Buffer, { encoding, largest }: MessageOptions): Promise<Buffer> {
  const decompressor = DECOMPRESSORS[encoding ?? ""];
  if (decompressor === undefined) {
    throw new GatewayError(
      "encoding-unsupported",
      StatusCode.unimplemented,
      `messages in the encoding ${encoding ?? "identity"} cannot be read: use one of ${ACCEPTED_ENCODINGS}`,
    );
  }
  try {
    return await promisify<Buffer, { maxOutputLength: number }, Buffer>(decompressor)(message, {
      maxOutputLength: largest,
    });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(undefined, largest);
    throw new GatewayError(
      "message-broken",
      StatusCode.invalidArgument,
      `a message is not what its encoding ${encoding ?? ""} says: ${(cause as Error).message}`,
      { cause },
    );
  }
}

function tooLarge(size: number | undefined, largest: number): GatewayError {
  return new GatewayError(
    "message-too-large",
    StatusCode.resourceExhausted,
    `a message of ${size === undefined ? "more" : `${size} bytes`} is larger than the ${largest} bytes that are taken`,
  );
}
