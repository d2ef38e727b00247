import { STATEMENT_WORDS } from "./parser/statement-forms.ts";

/**
 * Where a text in single quotes, double quotes or backquotes ends that begins at `offset`: behind its closing
 * quote, or undefined where it has none. A backslash escapes what follows it, unless the text is `raw`; a
 * backquote is escaped by another one. A loop, not a pattern: texts may have many megabytes.
 */
export function quotedEnd(text: string, offset: number, raw = false): number | undefined {
  const quote = text[offset];
  for (let position = offset + 1; position < text.length; position++) {
    const letter = text[position];
    if (letter === "\\" && quote !== "`" && !raw) position++;
    else if (letter === quote) {
      if (quote !== "`" || text[position + 1] !== "`") return position + 1;
      position++;
    }
  }
  return undefined;
}

/** Where a block comment ends that begins at `offset`; undefined where it has no end. */
export function commentEnd(text: string, offset: number): number | undefined {
  const end = text.indexOf("*/", offset + 2);
  return end < 0 ? undefined : end + 2;
}

/**
 * Behind the `;` of a statement that another one follows on a new line. A text in quotes that has this in it was
 * most likely never closed.
 */
export const NEXT_STATEMENT = new RegExp(
  `;[^\\S\\r\\n]*[\\r\\n]\\s*(?:(?:${STATEMENT_WORDS})\\s|!\\p{L})`,
  "iu",
);
