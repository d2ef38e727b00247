import { stat } from "node:fs/promises";

/** Told after files have been read anew; `error` when what they hold cannot be used, and the old stays. */
export type OnReread = (file: string, error: string | undefined) => void;

/** Milliseconds between two looks at a file. */
const INTERVAL = 5_000;

/** How files are watched. */
export interface WatchOptions {
  readonly onReread?: OnReread;
  /** Milliseconds between two looks, by default 5,000. */
  readonly interval?: number;
}

/**
 * What is made of one or several files, made anew when one of them changes. They are looked at from time to time
 * instead of watched by the system, because secrets in containers are exchanged behind symbolic links.
 */
export class WatchedFiles<T> implements Disposable {
  readonly #files: readonly string[];
  readonly #read: () => Promise<T>;
  readonly #onReread: OnReread;
  readonly #timer: NodeJS.Timeout;
  #current: T;
  #seen: string;
  #looking = false;

  private constructor(
    files: readonly string[],
    read: () => Promise<T>,
    first: { readonly value: T; readonly seen: string },
    { onReread = () => undefined, interval = INTERVAL }: WatchOptions,
  ) {
    this.#files = files;
    this.#read = read;
    this.#onReread = onReread;
    this.#current = first.value;
    this.#seen = first.seen;
    this.#timer = setInterval(() => void this.#look(), interval).unref();
  }

  /** Reads for the first time; rejects as `read` does. */
  static async open<T>(
    files: readonly string[],
    read: () => Promise<T>,
    options: WatchOptions = {},
  ): Promise<WatchedFiles<T>> {
    // Before the reading, so that a change during it is seen.
    const seen = await fingerprint(files);
    return new WatchedFiles(files, read, { value: await read(), seen }, options);
  }

  /** What was made of the files as they were last readable. */
  get current(): T {
    return this.#current;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const seen = await fingerprint(this.#files);
      if (seen === this.#seen) return;
      this.#seen = seen;
      this.#current = await this.#read();
      this.#onReread(this.#files.join(", "), undefined);
    } catch (error) {
      this.#onReread(this.#files.join(", "), error instanceof Error ? error.message : String(error));
    } finally {
      this.#looking = false;
    }
  }
}

/** Differs when a file was written, replaced or removed. */
async function fingerprint(files: readonly string[]): Promise<string> {
  const states = await Promise.all(
    files.map((file) =>
      stat(file, { bigint: true }).then(
        ({ dev, ino, size, mtimeNs }) => `${dev}:${ino}:${size}:${mtimeNs}`,
        (error: unknown) => String(error),
      ),
    ),
  );
  return states.join(" ");
}
