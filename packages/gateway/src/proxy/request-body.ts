/** Why a request cannot be sent again: it was larger than what is kept, or it is not needed any more. */
export class RequestNotKeptError extends Error {
  override readonly name = "RequestNotKeptError";
}

/**
 * The messages of a request, which can be read again from the first as long as they are kept. Several readers share
 * the source.
 */
export class RequestBody {
  /** Bytes that have come so far. */
  bytes = 0;
  readonly #source: AsyncIterator<Buffer>;
  readonly #largestKept: number;
  #messages: Buffer[] = [];
  /** Messages that came before the first of those that are kept. */
  #dropped = 0;
  /** Messages that a reader has had. */
  #read = 0;
  #keeps = true;
  #complete = false;
  #pulling: Promise<void> | undefined;

  /** Keeps messages until there are more than so many bytes of them; the first one is kept in any case. */
  constructor(source: AsyncIterator<Buffer>, largestKept: number) {
    this.#source = source;
    this.#largestKept = largestKept;
  }

  /** Whether all that has come can be read again. */
  get kept(): boolean {
    return this.#keeps;
  }

  /** What has come and is kept. */
  get messages(): readonly Buffer[] {
    return this.#messages;
  }

  /** Waits for the first message; undefined when there is none. */
  async first(): Promise<Buffer | undefined> {
    if (this.#messages.length === 0 && !this.#complete) await this.#pull();
    return this.#messages[0];
  }

  /** It will not be needed again. */
  drop(): void {
    this.#keeps = false;
    this.#discard();
  }

  /**
   * All messages, from the first.
   * @throws {RequestNotKeptError} when some of them are not kept any more.
   */
  async *read(): AsyncGenerator<Buffer, void, undefined> {
    for (let at = 0; ; at += 1) {
      while (at - this.#dropped >= this.#messages.length && !this.#complete) await this.#pull();
      if (at < this.#dropped) throw new RequestNotKeptError("the request is not kept any more");
      const message = this.#messages[at - this.#dropped];
      if (message === undefined) return;
      this.#read = Math.max(this.#read, at + 1);
      this.#discard();
      yield message;
    }
  }

  #discard(): void {
    if (this.#keeps) return;
    this.#messages.splice(0, this.#read - this.#dropped);
    this.#dropped = this.#read;
  }

  #pull(): Promise<void> {
    this.#pulling ??= this.#next().finally(() => (this.#pulling = undefined));
    return this.#pulling;
  }

  async #next(): Promise<void> {
    const next: IteratorResult<Buffer, unknown> = await this.#source.next();
    if (next.done === true) {
      this.#complete = true;
      return;
    }
    const { value } = next;
    this.bytes += value.length;
    this.#messages.push(value);
    if (this.#messages.length > 1 && this.bytes > this.#largestKept) this.#keeps = false;
  }
}
