import type { OutputStream } from "./log-decoder.ts";

/** A line without an end is passed on in parts of this length. Characters. */
const LONGEST_LINE = 32_768;

/** Makes whole lines of a script's output, for readers of `log` events. */
export class OutputLines {
  readonly #print: (stream: OutputStream, text: string) => Promise<void>;
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  readonly #parts = { stdout: "", stderr: "" };

  constructor(print: (stream: OutputStream, text: string) => Promise<void>) {
    this.#print = print;
  }

  /** Takes bytes; resolves when the reader of the lines keeps up. */
  async write(stream: OutputStream, bytes: Uint8Array): Promise<void> {
    const lines = `${this.#parts[stream]}${this.#decoders[stream].decode(bytes, { stream: true })}`.split(
      "\n",
    );
    this.#parts[stream] = lines.pop() ?? "";
    for (const line of lines) await this.#print(stream, line);
    if (this.#parts[stream].length > LONGEST_LINE) await this.#flush(stream);
  }

  /** Passes on last lines that have no end. */
  async end(): Promise<void> {
    await this.#flush("stdout");
    await this.#flush("stderr");
  }

  async #flush(stream: OutputStream): Promise<void> {
    const part = this.#parts[stream];
    this.#parts[stream] = "";
    if (part !== "") await this.#print(stream, part);
  }
}
