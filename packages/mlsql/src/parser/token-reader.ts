import type { IToken } from "chevrotain";
import type { Diagnostic } from "../diagnostic.ts";
import type { SourceText } from "../source-text.ts";
import { suggestName } from "../suggest.ts";

/** Thrown inside the search for a mistake when it is found; carries the diagnostic. */
export class MistakeFound extends Error {
  readonly diagnostic: Diagnostic;

  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

/** What a mistake may carry besides its message. */
export interface MistakeDetails {
  readonly code?: string;
  readonly suggestion?: string;
  readonly replacement?: string;
}

const LOOK_ALIKES: Readonly<Record<string, string>> = {
  "；": ";",
  "，": ",",
  "。": ".",
  "＝": "=",
  "“": '"',
  "”": '"',
  "‘": "'",
  "’": "'",
  "｀": "`",
  "！": "!",
  "（": "(",
  "）": ")",
};

/** Words in backquotes: `` `a`, `b` or `c` ``. */
export function oneOf(words: readonly string[]): string {
  const quoted = words.map((word) => `\`${word}\``);
  return [quoted.slice(0, -1).join(", "), quoted.at(-1)].filter((part) => part !== "").join(" or ");
}

/** Walks over the tokens of a statement that did not parse, to say where and why. */
export class TokenReader {
  readonly #source: SourceText;
  readonly #tokens: readonly IToken[];
  #next = 0;

  constructor(source: SourceText, tokens: readonly IToken[]) {
    this.#source = source;
    this.#tokens = tokens;
  }

  /** The token `ahead` places after the next one; undefined after the last. */
  peek(ahead = 0): IToken | undefined {
    return this.#tokens[this.#next + ahead];
  }

  take(): IToken | undefined {
    return this.#tokens[this.#next++];
  }

  is(text: string, ahead = 0): boolean {
    return this.peek(ahead)?.image.toLowerCase() === text.toLowerCase();
  }

  isQuoted(ahead = 0): boolean {
    return ["STRING", "BLOCK_STRING", "BACKQUOTED"].includes(this.peek(ahead)?.tokenType.name ?? "");
  }

  isWord(ahead = 0): boolean {
    return /^[\p{L}\p{N}_]/u.test(this.peek(ahead)?.image ?? "");
  }

  isNumber(ahead = 0): boolean {
    return this.peek(ahead)?.tokenType.name === "NUMBER";
  }

  /** Whether the next token is the first one on its line. */
  startsLine(): boolean {
    const [token, last] = [this.peek(), this.#tokens[this.#next - 1]];
    if (!token || !last) return false;
    return /[\r\n]/.test(this.#source.text.slice(last.startOffset + last.image.length, token.startOffset));
  }

  /** Takes the next token if it is this text; keywords in any case. */
  accept(...texts: readonly string[]): boolean {
    const found = texts.some((text) => this.is(text));
    if (found) this.#next++;
    return found;
  }

  /** Takes this keyword or sign, else finds a mistake: `expected \`as\` but found …`. */
  expect(texts: readonly string[], details: MistakeDetails = {}): void {
    if (this.accept(...texts)) return;
    const actual = this.peek();
    const near = actual && suggestName(actual.image, texts);
    this.fail(
      `expected ${oneOf(texts)} but found ${this.found()}`,
      near ? { ...details, suggestion: `Did you mean \`${near}\`?`, replacement: near } : details,
    );
  }

  /** The next token in words, for a message. */
  found(): string {
    const token = this.peek();
    if (!token) return "the end of the statement";
    if (token.tokenType.name === "BLOCK_STRING") return "a block string";
    const firstLine = token.image.split(/[\r\n]/, 1)[0] ?? "";
    const shown =
      firstLine.length < token.image.length || firstLine.length > 40
        ? `${firstLine.slice(0, 40)}…`
        : firstLine;
    return token.tokenType.name === "STRING" ? shown : `\`${shown.replaceAll("`", "")}\``;
  }

  /** Ends the search with a mistake at the next token, or right after the last one at the statement's end. */
  fail(message: string, details: MistakeDetails = {}): never {
    const { code = "syntax-error", ...rest } = details;
    const token = this.peek();
    const last = this.#tokens.at(-1);
    const end = last ? last.startOffset + last.image.length : 0;
    const span = token
      ? this.#source.span(token.startOffset, token.startOffset + token.image.length)
      : this.#source.span(Math.max(0, end - 1), end);
    throw new MistakeFound({ code, severity: "error", message, span, ...(lookAlike(token) ?? rest) });
  }
}

function lookAlike(token: IToken | undefined): MistakeDetails | undefined {
  const plain = LOOK_ALIKES[token?.image ?? ""];
  if (!token || plain === undefined) return undefined;
  return { suggestion: `\`${token.image}\` is a full-width sign; write \`${plain}\`.`, replacement: plain };
}
