import { sqlTokens, type SqlToken } from "./sql-tokens.ts";

/** Reads a SQL statement from its beginning, token by token. */
export class StatementReader {
  readonly sql: string;
  readonly #tokens: readonly SqlToken[];
  /** The token to be read next. */
  at = 0;

  constructor(sql: string) {
    this.sql = sql;
    this.#tokens = [...sqlTokens(sql)];
  }

  /** The next token, or one further on. */
  peek(ahead = 0): SqlToken | undefined {
    return this.#tokens[this.at + ahead];
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
   * Takes a name of one or more parts, without quotes. Undefined where it cannot be told: it is computed, a parameter,
   * or has a variable of the configuration (`${…}`) in it.
   */
  name(): readonly string[] | undefined {
    if (this.word() === "identifier" && this.word(1) === "(") {
      const literal = this.peek(2);
      const closed = this.word(3) === ")" && this.word(4) !== ".";
      this.skipGroup(1);
      return literal?.kind === "string" && closed ? new StatementReader(literal.text).name() : undefined;
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
    const end = this.#tokens[index]?.end ?? this.sql.length;
    return `${this.sql.slice(0, end)} ${words}${this.sql.slice(end)}`;
  }

  /** What is left of the text. */
  rest(): string {
    return this.sql.slice(this.peek()?.start ?? this.sql.length);
  }

  /** The tokens that are left, or those between two numbers. */
  tokens(start = this.at, end?: number): readonly SqlToken[] {
    return this.#tokens.slice(start, end);
  }
}
