import { once } from "node:events";
import sonicBoom, { type SonicBoom } from "sonic-boom";

/** Bytes that may wait for a disk that does not take them; what comes then is lost, and counted. */
const MOST_WAITING = 16 * 1024 * 1024;

/** Milliseconds that the last lines have to be written when a file is closed. */
const CLOSE_TIMEOUT = 2_000;

/** Told about a file that cannot be written; told again only when it has worked meanwhile. */
export type OnTrouble = (error: Error) => void;

/**
 * Lines that are added to a file, or written to a descriptor, without ever holding the gateway up: a full disk costs
 * lines, never calls. What could not be written is tried again with the next line.
 */
export class LineFile implements AsyncDisposable {
  readonly #destination: SonicBoom;
  #lost = 0;
  #troubled = false;

  private constructor(destination: SonicBoom, onTrouble: OnTrouble) {
    this.#destination = destination;
    destination.on("error", (error: Error) => {
      if (!this.#troubled) onTrouble(error);
      this.#troubled = true;
    });
    destination.on("write", () => (this.#troubled = false));
    destination.on("drop", () => (this.#lost += 1));
  }

  /**
   * Opens a file, which only its owner may read and which is made with its folders where it is not there, or takes a
   * descriptor. Rejects when the file cannot be opened.
   */
  static async open(target: string | number, onTrouble: OnTrouble): Promise<LineFile> {
    const destination = new sonicBoom.SonicBoom({
      ...{ dest: target, sync: false, mkdir: true, append: true, mode: 0o600, maxLength: MOST_WAITING },
    });
    await once(destination, "ready");
    return new LineFile(destination, onTrouble);
  }

  /** Lines that were lost because too many waited for the disk. */
  get lost(): number {
    return this.#lost;
  }

  /** Adds a line, its end included. */
  write(line: string): void {
    this.#destination.write(line);
  }

  /** Opens the file anew, after it was renamed. */
  reopen(): void {
    this.#destination.reopen();
  }

  /** Writes what waits, unless that takes too long or cannot be done. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(resolve, CLOSE_TIMEOUT, undefined);
    for (const event of ["close", "error"] as const)
      this.#destination.once(event, () => {
        resolve(undefined);
      });
    this.#destination.end();
    await promise;
    clearTimeout(timer);
    this.#destination.destroy();
  }
}
