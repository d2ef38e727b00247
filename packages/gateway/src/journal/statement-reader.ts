import { sqlTokens, type SqlToken } from "./sql-tokens.ts";

/** Reads a SQL statement from its beginning, token by token; what it is not asked for is not read. */
export class StatementReader {
  readonly sql: string;
  readonly #parameters: ReadonlyMap<string, string>;
  readonly #source: Iterator<SqlToken>;
  readonly #read: SqlToken[] = [];
  /** The number of the token to be read next. */
  at = 0;

  /** @param parameters the strings among a statement's parameters, by name, or by place from 0 on */
  constructor(sql: string, parameters: ReadonlyMap<string, string> = new Map()) {
    this.sql = sql;
    this.#parameters = parameters;
    this.#source = sqlTokens(sql);
  }

  /** The next token, or one further on. */
  peek(ahead = 0): SqlToken | undefined {
    return this.#token(this.at + ahead);
  }

  /** The next token's word or symbol; undefined for what stands in quotes, and at the end. */
  word(ahead = 0): string | undefined {
    const token = this.peek(ahead);
    return token?.kind === "word" || token?.kind === "symbol" ? token.text : undefined;
  }

  /** Takes these words if they are next, and tells whether they were. */
  take(...words: readonly string[]): boolean {
    if (!words.every((word, index) => this.word(index) === word)) return false;
    this.at += words.length;
    return true;
  }

  /** Takes one of these words if it is next. */
  takeOne(...words: readonly string[]): string | undefined {
    const word = this.word();
    if (word === undefined || !words.includes(word)) return undefined;
    this.at += 1;
    return word;
  }

  /**
   * Takes a name of one or more parts, without quotes. Undefined where it cannot be told: it is computed, or has a
   * variable of the configuration (`${…}`) in it.
   */
  name(): readonly string[] | undefined {
    if (this.word() === "identifier" && this.word(1) === "(") {
      this.at += 2;
      const written = this.#string();
      const closed = this.word() === ")" && this.word(1) !== ".";
      return written !== undefined && closed && this.take(")") ? nameOf(written) : undefined;
    }
    const parts: string[] = [];
    for (;;) {
      const token = this.peek();
      if (token === undefined || token.kind === "symbol") return undefined;
      // Names keep their case.
      parts.push(token.kind === "word" ? this.sql.slice(token.start, token.end) : token.text);
      this.at += 1;
      if (this.word() === "$") return undefined;
      if (this.word() !== ".") return parts;
      this.at += 1;
    }
  }

  /** Takes a string, or a parameter that is one. */
  #string(): string | undefined {
    const token = this.peek();
    if (token === undefined) return undefined;
    this.at += 1;
    if (token.kind === "string") return token.text;
    if (token.text === "?") {
      const before = this.tokens(0, this.at - 1);
      return this.#parameters.get(
        String(before.filter(({ kind, text }) => kind === "symbol" && text === "?").length),
      );
    }
    const name = this.peek();
    if (token.text !== ":" || name === undefined) return undefined;
    this.at += 1;
    return this.#parameters.get(this.sql.slice(name.start, name.end));
  }

  /** Behind the parenthesis that closes the one `ahead` tokens from here. */
  skipGroup(ahead = 0): void {
    this.at += ahead;
    let depth = 0;
    do {
      const word = this.word();
      if (word === "(") depth += 1;
      if (word === ")") depth -= 1;
      if (this.peek() !== undefined) this.at += 1;
    } while (depth > 0 && this.peek() !== undefined);
  }

  /** The statement with these words behind its token of this number. */
  withAfter(index: number, words: string): string {
    const end = this.#token(index)?.end ?? this.sql.length;
    return `${this.sql.slice(0, end)} ${words}${this.sql.slice(end)}`;
  }

  /** What is left of the text. */
  rest(): string {
    return this.sql.slice(this.peek()?.start ?? this.sql.length);
  }

  /** The tokens that are left, or those between two numbers. */
  tokens(start = this.at, end = Infinity): readonly SqlToken[] {
    this.#token(end);
    return this.#read.slice(start, end);
  }

  /** The token of this number, if there are so many. */
  #token(index: number): SqlToken | undefined {
    while (this.#read.length <= index) {
      const next = this.#source.next();
      if (next.done === true) break;
      this.#read.push(next.value);
    }
    return this.#read[index];
  }
}

/** The parts of a name as it is written, with backquotes where needed: `db.table`. Undefined where it is no name. */
export function nameOf(written: string): readonly string[] | undefined {
  const reader = new StatementReader(written);
  const name = reader.name();
  return reader.peek() === undefined ? name : undefined;
}
