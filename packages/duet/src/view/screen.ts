import type { Size } from "./live-lines.ts";

/** A stream that a view writes to: `process.stdout`, `process.stderr`, or a test's own. */
export type OutputStream =
  | NodeJS.WriteStream
  | (NodeJS.WritableStream & {
      readonly isTTY?: undefined;
      readonly columns?: undefined;
      readonly rows?: undefined;
    });

/** A live area at the bottom of a terminal: what `createLogUpdate` of the package log-update gives. */
export interface LiveArea {
  (text: string): void;
  clear(): void;
  done(): void;
}

/** Where a screen writes. */
export interface ScreenStreams {
  readonly out: OutputStream;
  readonly err: OutputStream;
  /** Drawn on `err`; only where that is a terminal. */
  readonly live?: LiveArea;
}

/** How often a live area is drawn, in milliseconds; what is printed in between comes with it. */
const DRAW_MS = 50;
/** Text that waits for the next drawing is written at once when there is more than this, in characters. */
const MOST_HELD = 64 * 1024;

/**
 * Two streams and, where the second is a terminal, a live area at its bottom that is drawn anew as things change.
 * Text is printed above the live area, in the order in which it comes.
 */
export class Screen {
  readonly #out: OutputStream;
  readonly #err: OutputStream;
  readonly #draw: (size: Size) => readonly string[];
  readonly #live: LiveArea | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  /** Streams whose reader has gone. Standard output says that it is writable even then. */
  readonly #gone = new Set<OutputStream>();
  #held: { readonly stream: OutputStream; text: string }[] = [];
  #size = 0;
  #drawn = "";

  /** `draw` gives the live area's lines; it is not called where there is none. */
  constructor(streams: ScreenStreams, draw: (size: Size) => readonly string[]) {
    this.#out = streams.out;
    this.#err = streams.err;
    this.#draw = draw;
    this.#live = streams.live;
    for (const stream of [this.#out, this.#err]) stream.once("error", () => this.#gone.add(stream));
    if (this.#live === undefined) return;
    this.#timer = setInterval(() => {
      this.#refresh();
    }, DRAW_MS);
  }

  /** Whether there is a live area. */
  get isLive(): boolean {
    return this.#live !== undefined;
  }

  /** Columns of the terminal that a stream is; 100 where it is none. */
  width(stream: "out" | "err"): number {
    const { columns } = stream === "out" ? this.#out : this.#err;
    return columns !== undefined && columns > 0 ? columns : 100;
  }

  /** Prints lines of text on a stream. */
  print(stream: "out" | "err", text: string): void {
    const target = stream === "out" ? this.#out : this.#err;
    if (this.#live === undefined) {
      this.#write(target, `${text}\n`);
      return;
    }
    const last = this.#held.at(-1);
    if (last?.stream === target) last.text += `${text}\n`;
    else this.#held.push({ stream: target, text: `${text}\n` });
    this.#size += text.length;
    if (this.#size > MOST_HELD) this.#refresh();
  }

  /** Resolves when the readers of both streams keep up. */
  async ready(): Promise<void> {
    await Promise.all(
      [this.#out, this.#err].filter((stream) => !this.#gone.has(stream)).map((stream) => drained(stream)),
    );
  }

  /** Prints what is held back, removes the live area and gives the terminal's cursor back. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#live !== undefined) {
      this.#live.clear();
      this.#drawn = "";
      this.#flush();
      this.#live.done();
    }
    await this.ready();
  }

  #refresh(): void {
    if (this.#live === undefined) return;
    const next = this.#draw({ columns: this.width("err"), rows: this.#err.rows ?? 24 }).join("\n");
    if (this.#held.length > 0) {
      this.#live.clear();
      this.#drawn = "";
      this.#flush();
    }
    if (next === this.#drawn) return;
    if (next === "") this.#live.clear();
    else this.#live(next);
    this.#drawn = next;
  }

  #flush(): void {
    for (const { stream, text } of this.#held) this.#write(stream, text);
    this.#held = [];
    this.#size = 0;
  }

  #write(stream: OutputStream, text: string): void {
    if (stream.writable && !this.#gone.has(stream)) stream.write(text);
  }
}

/** Waits for a slow reader; a reader that has gone is waited for no longer. */
async function drained(stream: OutputStream): Promise<void> {
  if (!stream.writable || !("writableNeedDrain" in stream) || !stream.writableNeedDrain) return;
  await new Promise<void>((resolve) => {
    const events = ["drain", "close", "error"] as const;
    const settle = (): void => {
      for (const event of events) stream.off(event, settle);
      resolve();
    };
    for (const event of events) stream.once(event, settle);
  });
}
