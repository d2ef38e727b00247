import { open, type FileHandle, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { OutputStream } from "@duet/python-script";

/** A piece of what a run has printed. */
export interface OutputPiece {
  readonly stream: OutputStream;
  readonly bytes: Uint8Array;
}

/** The stream's number and the piece's length stand before each piece. Bytes. */
const HEAD = 5;
const STREAMS = ["stdout", "stderr"] as const;
/** Milliseconds between two looks at the end of a log that is followed. */
const LOOK_INTERVAL_MS = 100;

/** Keeps what a run prints on both streams in one file, in the order in which it comes. */
export class OutputLog implements AsyncDisposable {
  readonly #file: FileHandle;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Makes the file; only its owner may read it. */
  static async create(path: string): Promise<OutputLog> {
    return new OutputLog(await open(path, "wx", 0o600));
  }

  /** Adds a piece; resolves when it is written. */
  write(stream: OutputStream, bytes: Uint8Array): Promise<void> {
    const head = Buffer.alloc(HEAD);
    head.writeUInt8(STREAMS.indexOf(stream));
    head.writeUInt32BE(bytes.byteLength, 1);
    const written = this.#last.then(() => this.#file.writeFile(Buffer.concat([head, bytes])));
    this.#last = written;
    return written;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    await this.#file.close();
  }
}

/** Reads a log; goes on at its end as long as `isLive` says that more may come. */
export async function* readOutputLog(
  path: string,
  isLive: () => Promise<boolean>,
  signal: AbortSignal,
): AsyncGenerator<OutputPiece, void, undefined> {
  await using file = await open(path, "r");
  let position = 0;
  for (;;) {
    // Asked before the file is looked at, so that nothing is missed that was written meanwhile.
    const live = await isLive();
    const { size } = await stat(path);
    while (position + HEAD <= size) {
      const head = await readExactly(file, position, HEAD);
      const length = head.readUInt32BE(1);
      if (position + HEAD + length > size) break;
      const stream = STREAMS[head.readUInt8()] ?? "stderr";
      yield { stream, bytes: await readExactly(file, position + HEAD, length) };
      position += HEAD + length;
    }
    if (!live) return;
    await sleep(LOOK_INTERVAL_MS, undefined, { signal });
  }
}

async function readExactly(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) throw new Error("the output of a run was cut off");
    filled += bytesRead;
  }
  return buffer;
}
