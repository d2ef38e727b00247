/** A queue that one side fills and the other reads as an `AsyncIterable`; it has one reader. */
export class EventQueue<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  #closed = false;
  #wake: (() => void) | undefined;
  #room: { readonly limit: number; readonly tell: () => void }[] = [];

  /** Adds an item; an item that comes after `close` is dropped. */
  push(item: T): void {
    if (this.#closed) return;
    this.#items.push(item);
    this.#wake?.();
  }

  /** Ends the iteration after what is queued. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
    this.#tellRoom();
  }

  /** Resolves when fewer than `limit` items wait for the reader; for a writer that could fill the memory. */
  async room(limit: number): Promise<void> {
    if (this.#closed || this.#items.length < limit) return;
    await new Promise<void>((resolve) => this.#room.push({ limit, tell: resolve }));
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) {
        this.#tellRoom();
        yield item;
      } else if (this.#closed) {
        return;
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#wake = undefined;
      }
    }
  }

  #tellRoom(): void {
    if (this.#room.length === 0) return;
    const told = this.#room.filter(({ limit }) => this.#closed || this.#items.length < limit);
    this.#room = this.#room.filter((waiting) => !told.includes(waiting));
    for (const { tell } of told) tell();
  }
}
