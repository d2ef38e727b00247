import type { SqlToken } from "../sql-tokens.ts";
import { sqlTokenAt } from "../sql-tokens.ts";

/** A text in quotes or a comment that has no end; `start` and `end` are offsets. */
export interface Unclosed {
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

/** Reads the statement that starts at `offset`. `;` inside strings, names and comments does not end it. */
export function readStatementText(text: string, offset: number): StatementText {
  let last: SqlToken | undefined;
  let beforeLast: SqlToken | undefined;
  let position = offset;
  let end = text.length;
  for (let token = sqlTokenAt(text, position); token; token = sqlTokenAt(text, position)) {
    position = token.end;
    if (token.kind === "comment" || token.kind === "hint") continue;
    if (token.kind.startsWith("unclosed-")) {
      const unclosedEnd = likelyEnd(text, token.start);
      const kind = token.kind as Unclosed["kind"];
      return { end: unclosedEnd, unclosed: { kind, start: token.start, end: unclosedEnd } };
    }
    if (token.kind === "symbol" && text[token.start] === ";") {
      end = token.start;
      break;
    }
    beforeLast = last;
    last = token;
  }
  const named =
    last !== undefined &&
    beforeLast !== undefined &&
    beforeLast.start > offset &&
    (last.kind === "word" || last.kind === "backquoted") &&
    text.slice(beforeLast.start, beforeLast.end).toLowerCase() === "as";
  if (named && beforeLast) return { end, beforeName: trimmedEnd(text, offset, beforeLast.start) };
  return { end: trimmedEnd(text, offset, end) };
}
