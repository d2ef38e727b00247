import measure from "fast-string-truncated-width";

/** The columns that a text takes on a terminal: colours none, East Asian characters and emoji two. */
export const textWidth = (text: string): number => measure(text).width;

/** A text in at most `width` columns of a terminal, cut with `…` where it is longer. */
export function cutText(text: string, width: number): string {
  const { truncated, ellipsed, index } = measure(text, { limit: width, ellipsis: "…", ellipsisWidth: 1 });
  if (!truncated) return text;
  const kept = text.slice(0, index);
  // A colour that began in what is kept must not run on.
  const cut = `${kept}${ellipsed ? "…" : ""}${kept.includes("\u001B[") ? "\u001B[0m" : ""}`;
  // The library counts some characters of its own kind (`…` itself) as nothing while it looks for the place.
  return width > 1 && textWidth(cut) > width ? cutText(text, width - 1) : cut;
}

/** As {@link cutText}, but keeps the end: of a path the last parts tell it from others. */
export function cutTextStart(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  const characters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
  let kept = "";
  while (characters.length > 0) {
    const next = `${characters.pop() ?? ""}${kept}`;
    if (textWidth(next) > width - 1) break;
    kept = next;
  }
  return `…${kept}`;
}

/** A text without colours in lines of at most `width` columns, no more than `most` of them; the last one is cut. */
export function wrapText(text: string, width: number, most: number): readonly string[] {
  const lines: string[] = [];
  let rest = text;
  while (lines.length < most - 1 && textWidth(rest) > width) {
    const { index } = measure(rest, { limit: width });
    // A character that is wider than the column still has to go somewhere.
    const end = Math.max(index, 1);
    lines.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return [...lines, cutText(rest, width)];
}
