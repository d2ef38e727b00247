import measure from "fast-string-truncated-width";

/** The columns that a text takes on a terminal: colours none, East Asian characters and emoji two. */
export const textWidth = (text: string): number => measure(text).width;

/** A text in at most `width` columns of a terminal, cut with `…` where it is longer. */
export function cutText(text: string, width: number): string {
  const { truncated, ellipsed, index } = measure(text, { limit: width, ellipsis: "…", ellipsisWidth: 1 });
  if (!truncated) return text;
  const kept = text.slice(0, index);
  // A colour that began in what is kept must not run on.
  return `${kept}${ellipsed ? "…" : ""}${kept.includes("\u001B[") ? "\u001B[0m" : ""}`;
}
