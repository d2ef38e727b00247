import type { SqlToken } from "../sql-tokens.ts";
import { sqlTokenAt } from "../sql-tokens.ts";
import { STATEMENT_WORDS } from "./statement-forms.ts";

/** A text in quotes or a comment that has no end; `start` and `end` are offsets. */
interface Unclosed {
  readonly kind: "unclosed-string" | "unclosed-backquote" | "unclosed-comment";
  readonly start: number;
  readonly end: number;
}

/** The SQL text of one statement, up to its `;` or the end of the script. Offsets into the script. */
export interface StatementText {
  readonly end: number;
  /** Where the text before the last `as name` ends; absent when the text does not end so. */
  readonly beforeName?: number;
  readonly unclosed?: Unclosed;
}

const LINE_ENDING_SEMICOLON = /;[^\S\r\n]*(?=[\r\n]|$)/g;

/** Where a statement most likely ends that has an unclosed quote: at the next `;` that ends a line. */
function likelyEnd(text: string, offset: number): number {
  LINE_ENDING_SEMICOLON.lastIndex = offset;
  return LINE_ENDING_SEMICOLON.exec(text)?.index ?? text.length;
}

function trimmedEnd(text: string, start: number, end: number): number {
  return start + text.slice(start, end).trimEnd().length;
}

const NEXT_WORD = new RegExp(`^(?:${STATEMENT_WORDS})$`, "i");

/**
 * Reads the statement that starts at `offset`. `;` inside strings, names and comments does not end it; a
 * statement that begins on a new line right after `as name` does, since there only a `;` can be missing.
 */
export function readStatementText(text: string, offset: number): StatementText {
  let last: SqlToken | undefined;
  let beforeLast: SqlToken | undefined;
  let depth = 0;
  let position = offset;
  let end = text.length;
  const isNamed = (): boolean =>
    beforeLast !== undefined &&
    beforeLast.start > offset &&
    (last?.kind === "word" || last?.kind === "backquoted") &&
    text.slice(beforeLast.start, beforeLast.end).toLowerCase() === "as";
  for (let token = sqlTokenAt(text, position); token; token = sqlTokenAt(text, position)) {
    position = token.end;
    if (token.kind === "comment" || token.kind === "hint") continue;
    if (isUnclosed(token.kind)) {
      const unclosedEnd = likelyEnd(text, token.start);
      return { end: unclosedEnd, unclosed: { kind: token.kind, start: token.start, end: unclosedEnd } };
    }
    const word = text.slice(token.start, token.end);
    const begins = NEXT_WORD.test(word) || (word === "!" && /\p{L}/u.test(text[token.end] ?? ""));
    if (word === ";" || (begins && depth === 0 && isNamed() && isLineStart(text, token.start))) {
      end = token.start;
      break;
    }
    depth += word === "(" ? 1 : word === ")" ? -1 : 0;
    beforeLast = last;
    last = token;
  }
  if (isNamed()) return { end, beforeName: trimmedEnd(text, offset, beforeLast?.start ?? end) };
  return { end: trimmedEnd(text, offset, end) };
}

function isUnclosed(kind: SqlToken["kind"]): kind is Unclosed["kind"] {
  return kind.startsWith("unclosed-");
}

function isLineStart(text: string, offset: number): boolean {
  return /(?:^|[\r\n])[^\S\r\n]*$/.test(text.slice(Math.max(0, offset - 200), offset));
}
