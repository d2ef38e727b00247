import { NEXT_STATEMENT, quotedEnd } from "../quoted-end.ts";

/** A block string's last line that opens another one: the first was closed by the second's opening quotes. */
const OPENS_BLOCK = /^[^\S\r\n]*(?:set\s+\S+\s*=|(?:and|where|options)\s+\S+\s*=|!\p{L}.*)[^\S\r\n]*$/iu;

/** Where a block string ends that begins at `offset`, behind its quotes; undefined where it was never closed. */
export function blockEnd(text: string, offset: number): number | undefined {
  const close = text.startsWith("'''", offset) ? text.indexOf("'''", offset + 3) : -1;
  return close < 0 || openingLine(text, offset, close) !== undefined ? undefined : close + 3;
}

/** How far a block string without end reaches: to the `;` that most likely was to follow its end. */
export function unclosedBlockEnd(text: string, offset: number): number | undefined {
  if (!text.startsWith("'''", offset)) return undefined;
  const close = text.indexOf("'''", offset + 3);
  const limit = close < 0 ? text.length : (openingLine(text, offset, close) ?? close);
  const next = NEXT_STATEMENT.exec(text.slice(offset, text.length));
  return next && offset + next.index < limit ? offset + next.index : limit;
}

function openingLine(text: string, offset: number, close: number): number | undefined {
  const lineStart = Math.max(text.lastIndexOf("\n", close), text.lastIndexOf("\r", close)) + 1;
  return lineStart > offset && OPENS_BLOCK.test(text.slice(lineStart, close)) ? lineStart : undefined;
}

/**
 * Where a text in quotes ends that begins at `offset`. One of several lines whose closing quote stands right
 * before other text was closed by the next text's opening quote: it counts as never closed.
 */
export function closedEnd(text: string, offset: number): number | undefined {
  const end = quotedEnd(text, offset);
  if (end === undefined) return undefined;
  const next = text[end] ?? " ";
  const slipped = !/[\s;,.=)-]/.test(next) && /[\r\n]/.test(text.slice(offset, end));
  return slipped ? undefined : end;
}
