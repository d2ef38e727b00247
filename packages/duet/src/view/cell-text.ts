import type { Cell } from "@duet/engine";
import { cleanCell } from "./clean-text.ts";
import { cutText, cutTextStart, textWidth } from "./text-width.ts";

/** An absolute path or an address, without blanks. */
const PATH = /^(?:\/|[a-z][a-z0-9+.-]*:\/\/)[^\s/]+\/\S+$/u;

/** A cell as text: nested values as JSON, missing ones as `NULL`. */
export function cellText(cell: Cell): string {
  if (cell === null) return "NULL";
  return cleanCell(typeof cell === "object" ? JSON.stringify(cell) : String(cell));
}

/** A cell's text in at most `width` columns: a fraction is rounded, a path cut at its start, anything else at its end. */
export function fitCell(text: string, width: number, isNumber: boolean): string {
  if (textWidth(text) <= width) return text;
  if (PATH.test(text)) return cutTextStart(text, width);
  return (isNumber ? roundToFit(text, width) : undefined) ?? cutText(text, width);
}

/** A fraction with as many digits as find room; undefined when not even three do. Whole numbers are never rounded. */
function roundToFit(text: string, width: number): string | undefined {
  const value = Number(text);
  if (!text.includes(".") || !Number.isFinite(value)) return undefined;
  for (let digits = width; digits >= 3; digits -= 1) {
    const rounded = String(Number(value.toPrecision(digits)));
    if (rounded.length <= width) return rounded;
  }
  return undefined;
}
