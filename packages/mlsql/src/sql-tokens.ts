import { commentEnd, NEXT_STATEMENT, quotedEnd } from "./quoted-end.ts";

/** A piece of SQL text. A `hint` is `/*+ … *\/`; the `unclosed-` kinds reach to the end of the text. */
export interface SqlToken {
  readonly kind:
    | "word"
    | "number"
    | "string"
    | "backquoted"
    | "symbol"
    | "comment"
    | "hint"
    | "unclosed-string"
    | "unclosed-backquote"
    | "unclosed-comment";
  readonly start: number;
  readonly end: number;
}

const SPACE = /\s+/uy;
const WORD = /[\p{L}_][\p{L}\p{N}\p{M}_]*/uy;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?[\p{L}\p{N}_]*/uy;
const LINE_COMMENT = /--[^\r\n]*/y;
function matchAt(pattern: RegExp, text: string, offset: number): number | undefined {
  pattern.lastIndex = offset;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/**
 * The SQL token at or after `offset`, white space skipped, or undefined at the end of the text.
 * Follows Spark's lexical rules: backslash escapes, `r'…'`, backquoted names, hints.
 */
export function sqlTokenAt(text: string, offset: number): SqlToken | undefined {
  const start = matchAt(SPACE, text, offset) ?? offset;
  const first = text[start];
  if (first === undefined) return undefined;
  const token = (kind: SqlToken["kind"], end: number): SqlToken => ({ kind, start, end });
  if (first === "'" || first === '"') {
    const raw = /(?<![\p{L}\p{N}_])[rR]$/u.test(text.slice(Math.max(0, start - 2), start));
    const end = quotedEnd(text, start, raw);
    if (end === undefined || NEXT_STATEMENT.test(text.slice(start, end))) {
      return token("unclosed-string", text.length);
    }
    return token("string", end);
  }
  if (first === "`") {
    const end = quotedEnd(text, start);
    return end === undefined ? token("unclosed-backquote", text.length) : token("backquoted", end);
  }
  if (first === "-" && text[start + 1] === "-") {
    return token("comment", matchAt(LINE_COMMENT, text, start) ?? text.length);
  }
  if (first === "/" && text[start + 1] === "*") {
    const end = commentEnd(text, start);
    if (end === undefined) return token("unclosed-comment", text.length);
    return token(text[start + 2] === "+" ? "hint" : "comment", end);
  }
  const wordEnd = matchAt(WORD, text, start);
  if (wordEnd !== undefined) return token("word", wordEnd);
  const numberEnd = matchAt(NUMBER, text, start);
  if (numberEnd !== undefined) return token("number", numberEnd);
  return token("symbol", start + ((text.codePointAt(start) ?? 0) > 0xffff ? 2 : 1));
}

/** The SQL tokens of a text, comments and hints included. */
export function* sqlTokens(text: string): Generator<SqlToken> {
  for (let token = sqlTokenAt(text, 0); token; token = sqlTokenAt(text, token.end)) yield token;
}
