/** Protobuf's wire types that occur; groups are gone from proto3. */
const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** A field of a protobuf message as it lies in its bytes. */
export interface Field {
  readonly number: number;
  /** Where the field begins, its tag included, and ends. */
  readonly start: number;
  readonly end: number;
  /** What it holds, where that is a string, bytes or a message. */
  readonly value: Buffer | undefined;
}

/** Thrown when bytes are no protobuf message. */
export class BrokenMessageError extends Error {
  override readonly name = "BrokenMessageError";
}

/**
 * The fields of a message, outermost level only, without decoding what they hold.
 * @throws {BrokenMessageError}
 */
export function* fields(message: Buffer): Generator<Field> {
  const cursor = { at: 0 };
  while (cursor.at < message.length) {
    const start = cursor.at;
    const tag = readVarint(message, cursor);
    const type = tag & 7;
    let value: Buffer | undefined;
    if (type === LENGTH_DELIMITED) {
      const length = readVarint(message, cursor);
      value = message.subarray(cursor.at, cursor.at + length);
      cursor.at += length;
    } else if (type === VARINT) {
      skipVarint(message, cursor);
    } else if (type === FIXED_64 || type === FIXED_32) {
      cursor.at += type === FIXED_64 ? 8 : 4;
    } else {
      throw new BrokenMessageError(`no wire type ${type} at byte ${start}`);
    }
    if (cursor.at > message.length) throw new BrokenMessageError("the message ends within a field");
    yield { number: tag >>> 3, start, end: cursor.at, value };
  }
}

/** A string or message field as bytes, tag included. */
export function encodeField(number: number, value: Buffer): Buffer {
  return Buffer.concat([encodeVarint(number * 8 + LENGTH_DELIMITED), encodeVarint(value.length), value]);
}

/**
 * The message with some fields replaced, each given by number: what stands there now is left out, and the new value,
 * if any, added at the end, where protobuf lets fields stand in any order. The rest is taken over as it is.
 */
export function replaceFields(message: Buffer, values: ReadonlyMap<number, Buffer | undefined>): Buffer {
  return Buffer.concat(withFields(message, values));
}

/** As {@link replaceFields}, in parts that share the message's memory. */
export function withFields(
  message: Buffer,
  values: ReadonlyMap<number, Buffer | undefined>,
): readonly Buffer[] {
  const parts: Buffer[] = [];
  let kept = 0;
  for (const { number, start, end } of fields(message)) {
    if (!values.has(number)) continue;
    parts.push(message.subarray(kept, start));
    kept = end;
  }
  parts.push(message.subarray(kept));
  for (const [number, value] of values) if (value !== undefined) parts.push(encodeField(number, value));
  return parts;
}

function readVarint(message: Buffer, cursor: { at: number }): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = message[cursor.at++];
    if (byte === undefined) throw new BrokenMessageError("the message ends within a number");
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
  throw new BrokenMessageError("a tag or length is larger than 32 bits");
}

function skipVarint(message: Buffer, cursor: { at: number }): void {
  for (let length = 1; length <= 10; length += 1) {
    const byte = message[cursor.at++];
    if (byte === undefined) throw new BrokenMessageError("the message ends within a number");
    if (byte < 0x80) return;
  }
  throw new BrokenMessageError("a number is larger than 64 bits");
}

function encodeVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}
