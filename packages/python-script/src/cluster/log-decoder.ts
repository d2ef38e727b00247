/** One of a script's output streams. */
export type OutputStream = "stdout" | "stderr";

/** What a job's log holds, in its order. `preamble` is a line of Ray's own, from before the script was started. */
export type LogItem =
  | { readonly type: "preamble"; readonly text: string }
  | { readonly type: "output"; readonly stream: OutputStream; readonly bytes: Uint8Array }
  | { readonly type: "record"; readonly kind: RecordKind; readonly json: string };

/** What a record of JSON is about; see `python/duet/script/job_log.py`. */
export type RecordKind = "begin" | "message" | "task" | "failed" | "exit";

const START = 0x1e;
const SEPARATOR = 0x1f;
const LINE_BREAK = 0x0a;
const KINDS: readonly string[] = ["begin", "message", "task", "failed", "exit"];
/** A record is a line of output, or JSON about one task: one this long is none of ours. Bytes. */
const LONGEST_RECORD = 16 * 1024 * 1024;

/** Takes a job's log apart as it comes; the writer is `python/duet/script/job_log.py`. Holds one line at most. */
export class LogDecoder {
  #rest: Uint8Array = new Uint8Array();
  #begun = false;

  /** What the next bytes of the log complete. */
  *push(bytes: Uint8Array): Generator<LogItem, void, undefined> {
    let data: Uint8Array = this.#rest.byteLength === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (data.byteLength > 0) {
      const plain = this.#begun ? plainLength(data) : 0;
      if (plain > 0) {
        yield { type: "output", stream: "stdout", bytes: data.subarray(0, plain) };
        data = data.subarray(plain);
        continue;
      }
      const end = data.indexOf(LINE_BREAK);
      if (end < 0) break;
      yield this.#line(data.subarray(0, end));
      data = data.subarray(end + 1);
    }
    if (data.byteLength > LONGEST_RECORD) throw new Error("The job's log holds a record without an end.");
    // A copy: what it was cut from would stay in memory.
    this.#rest = data.slice();
  }

  /** What is left when the log has ended: it was cut off in a record, or Ray has written a last line. */
  *end(): Generator<LogItem, void, undefined> {
    if (this.#rest.byteLength > 0 && this.#rest[0] !== START) {
      yield { type: "preamble", text: text(this.#rest) };
    }
    this.#rest = new Uint8Array();
  }

  #line(line: Uint8Array): LogItem {
    const separator = line.indexOf(SEPARATOR);
    if (line[0] !== START || separator < 0) return { type: "preamble", text: text(line) };
    const kind = text(line.subarray(1, separator));
    const payload = line.subarray(separator + 1, -1);
    switch (kind) {
      case "e":
        return { type: "output", stream: "stderr", bytes: Buffer.concat([payload, Buffer.of(LINE_BREAK)]) };
      case "O":
      case "E": {
        const stream = kind === "O" ? "stdout" : "stderr";
        return { type: "output", stream, bytes: Buffer.from(text(payload), "base64") };
      }
      default:
        if (!KINDS.includes(kind)) return { type: "preamble", text: text(line) };
        this.#begun = true;
        return { type: "record", kind: kind as RecordKind, json: text(payload) };
    }
  }
}

/** How many bytes at the front are plain standard output: all lines up to one that is a record, or may become one. */
function plainLength(data: Uint8Array): number {
  if (data[0] === START) return 0;
  let position = 0;
  for (;;) {
    const lineBreak = data.indexOf(LINE_BREAK, position);
    // A line whose end has not come yet goes on with the next bytes, which then must not be taken for a record.
    if (lineBreak < 0) return position;
    position = lineBreak + 1;
    if (position === data.byteLength || data[position] === START) return position;
  }
}

const text = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
