import measure from "fast-string-truncated-width";

/** More UTF-16 units than a column ever holds in a text for people; what is longer need not be measured. */
const UNITS = 16;
const CUT = "…";

/** The columns that a text takes on a terminal: two for wide letters, none for marks. */
export function textColumns(text: string): number {
  return measure(text).width;
}

/** Whether a text takes no more than so many columns. */
export function fitsColumns(text: string, columns: number): boolean {
  return text.length <= columns * UNITS && textColumns(text) <= columns;
}

/** The start of a text in at most `columns` columns, with `…` where something is cut off. */
export function takeStart(text: string, columns: number): string {
  if (fitsColumns(text, columns)) return text;
  return text.slice(0, measure(text, { limit: columns - 1 }).index) + CUT;
}

/** The end of a text in at most `columns` columns, with `…` where something is cut off. */
export function takeEnd(text: string, columns: number): string {
  if (fitsColumns(text, columns)) return text;
  let taken = "";
  for (const letter of Array.from(text.slice(-columns * UNITS)).toReversed()) {
    if (textColumns(letter + taken) > columns - 1) break;
    taken = letter + taken;
  }
  return CUT + taken;
}
