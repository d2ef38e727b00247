import { GatewayError, StatusCode } from "./status.ts";

/** Gives what shall stand in place of a string that the driver has sent; of the same length if it is another one. */
export type Translate = (value: string) => string;

/** Sees what passes, without its bytes. */
export interface ResponseWatch {
  /** Fields that hold a message to look into, one level deep. */
  readonly lookInto: ReadonlySet<number>;
  /** A field of a message has begun; of one within a field of `lookInto`, with its value or its length. */
  field(number: number): void;
  inner(outer: number, number: number, value: number): void;
  /** A message has passed whole. */
  ended(): void;
}

const NOTHING: ReadonlySet<number> = new Set();

/** The longest string that is translated; ids of sessions are UUIDs. */
const LONGEST_VALUE = 1024;

type State =
  /** Reading the five bytes before a message. */
  | "prefix"
  /** Reading a field's number and wire type. */
  | "tag"
  /** Reading the length of a field that is passed on, or of one that is translated. */
  | "length"
  | "number"
  /** Passing on what a field holds, or the rest of a fixed-width number. */
  | "content"
  /** Within a string that is translated. */
  | "value";

/**
 * Translates strings within the messages of a gRPC stream as they pass, in place: nothing is copied or decoded, and
 * the rest (result batches) is skipped over by its length. Bytes are held back only while a translated string or what
 * stands before it in the same chunk is incomplete.
 */
export class ResponseRewriter {
  readonly #translations: ReadonlyMap<number, Translate>;
  readonly #watch: ResponseWatch | undefined;
  readonly #lookInto: ReadonlySet<number>;
  #state: State = "prefix";
  /** Bytes of the message that are still to come. */
  #message = 0;
  /** Bytes of the prefix, content or value that are still to come. */
  #left = 5;
  #varint = 0;
  #shift = 0;
  #field = 0;
  /** The field that is looked into, or 0, and how much of it is still to come. */
  #outer = 0;
  #inner = 0;
  #held: Buffer | undefined;
  #whole = 0;

  /** Translates the fields with these numbers. */
  constructor(translations: ReadonlyMap<number, Translate>, watch?: ResponseWatch) {
    this.#translations = translations;
    this.#watch = watch;
    this.#lookInto = watch?.lookInto ?? NOTHING;
  }

  /** How many of the bytes that the last push gave end with a message's end. */
  get whole(): number {
    return this.#whole;
  }

  /** Whether the stream may end here: between two messages. */
  get atBoundary(): boolean {
    return this.#state === "prefix" && this.#left === 5;
  }

  /**
   * Takes a chunk and gives the bytes that can be passed on, which may be none.
   * @throws {GatewayError} `driver-response-broken` when it is no protobuf message.
   */
  push(chunk: Buffer): Buffer {
    const heldBefore = this.#held?.length ?? 0;
    const bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = undefined;
    let at = heldBefore;
    this.#whole = 0;
    while (at < bytes.length) {
      if (this.#state === "prefix") at = this.#readPrefix(bytes, at);
      else if (this.#state === "content") at += this.#skip(bytes.length - at);
      else if (this.#state === "value") {
        const start = heldBefore > 0 && at === heldBefore ? 0 : at;
        const end = start + this.#left;
        if (end > bytes.length) {
          this.#held = bytes.subarray(start);
          return bytes.subarray(0, start);
        }
        this.#translate(bytes.subarray(start, end));
        this.#consume(end - start);
        this.#endField();
        at = end;
      } else {
        this.#readVarintByte(bytes[at] ?? 0);
        at += 1;
      }
      if (this.atBoundary) this.#whole = at;
    }
    return bytes;
  }

  #readPrefix(bytes: Buffer, start: number): number {
    let at = start;
    while (this.#left > 0 && at < bytes.length) {
      const byte = bytes[at] ?? 0;
      if (this.#left === 5) {
        if (byte !== 0) throw broken("it is compressed, which was not asked for");
        this.#message = 0;
      } else {
        this.#message = this.#message * 256 + byte;
      }
      this.#left -= 1;
      at += 1;
    }
    if (this.#left === 0) this.#endField();
    return at;
  }

  #skip(available: number): number {
    const skipped = Math.min(this.#left, available);
    this.#left -= skipped;
    this.#consume(skipped);
    if (this.#left === 0) this.#endField();
    return skipped;
  }

  #readVarintByte(byte: number): void {
    this.#consume(1);
    // Numbers that are passed on may have 64 bits; their value does not matter.
    if (this.#shift < 35) this.#varint += (byte & 0x7f) * 2 ** this.#shift;
    this.#shift += 7;
    if (byte >= 0x80) {
      if (this.#shift >= 70) throw broken("a number has more than 64 bits");
      return;
    }
    const value = this.#varint;
    this.#varint = 0;
    this.#shift = 0;
    if (this.#state === "tag") this.#beginField(value);
    else if (this.#state === "number") {
      if (this.#outer !== 0) this.#watch?.inner(this.#outer, this.#field, value);
      this.#endField();
    } else this.#beginContent(value);
  }

  #beginField(tag: number): void {
    this.#field = tag >>> 3;
    const type = tag & 7;
    if (this.#outer === 0) this.#watch?.field(this.#field);
    if (type === 0) this.#state = "number";
    else if (type === 1) this.#expect("content", 8);
    else if (type === 2) this.#state = "length";
    else if (type === 5) this.#expect("content", 4);
    else throw broken(`there is no wire type ${type}`);
  }

  #beginContent(length: number): void {
    if (this.#outer !== 0) {
      this.#watch?.inner(this.#outer, this.#field, length);
      if (length === 0) this.#endField();
      else this.#expect("content", length);
      return;
    }
    if (length > 0 && this.#lookInto.has(this.#field)) {
      this.#expect("tag", length);
      this.#outer = this.#field;
      this.#inner = length;
      this.#left = 0;
      return;
    }
    const translated = this.#translations.has(this.#field);
    if (translated && length > LONGEST_VALUE) throw broken(`its field ${this.#field} has ${length} bytes`);
    if (length === 0) this.#endField();
    else this.#expect(translated ? "value" : "content", length);
  }

  #expect(state: State, length: number): void {
    if (length > (this.#outer === 0 ? this.#message : this.#inner)) {
      throw broken("a field is longer than the message");
    }
    this.#state = state;
    this.#left = length;
  }

  #consume(count: number): void {
    if (count > this.#message) throw broken("a field is longer than the message");
    this.#message -= count;
    if (this.#outer === 0) return;
    if (count > this.#inner) throw broken("a field is longer than the message that it is in");
    this.#inner -= count;
  }

  #endField(): void {
    if (this.#inner === 0) this.#outer = 0;
    this.#state = this.#message === 0 ? "prefix" : "tag";
    this.#left = this.#message === 0 ? 5 : 0;
    if (this.#message === 0) this.#watch?.ended();
  }

  #translate(value: Buffer): void {
    const before = value.toString("utf8");
    const after = this.#translations.get(this.#field)?.(before) ?? before;
    if (after === before) return;
    if (Buffer.byteLength(after) !== value.length) throw broken(`"${before}" is no id of a session`);
    value.write(after);
  }
}

function broken(why: string): GatewayError {
  return new GatewayError(
    "driver-response-broken",
    StatusCode.internal,
    `the driver's answer cannot be read: ${why}`,
  );
}
