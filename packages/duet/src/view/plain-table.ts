import { cutText, textWidth } from "./text-width.ts";

/** A column of a {@link plainTable}. */
export interface PlainColumn {
  readonly title: string;
  /** Numbers stand to the right. */
  readonly right?: boolean;
  /** Colours a cell that has its final width. */
  readonly paint?: (cell: string, row: number) => string;
}

const GAP = "  ";

/**
 * A table without borders, for lists that are read like `ls`: columns as wide as their cells, the last one, or else the
 * line, cut where it would be longer than `width`. Gives its lines, the titles first.
 */
export function plainTable(
  columns: readonly PlainColumn[],
  rows: readonly (readonly string[])[],
  width = Infinity,
): readonly string[] {
  const titles = columns.map(({ title }) => title);
  const widths = columns.map((_, index) =>
    Math.max(...[titles, ...rows].map((row) => textWidth(row[index] ?? ""))),
  );
  const before = widths.slice(0, -1).reduce((sum, some) => sum + some + GAP.length, 0);
  const line = (cells: readonly string[], row?: number): string =>
    columns
      .map(({ right, paint }, index) => {
        const isLast = index === columns.length - 1;
        const text = isLast ? cutText(cells[index] ?? "", Math.max(1, width - before)) : (cells[index] ?? "");
        const blanks = " ".repeat(Math.max(0, (widths[index] ?? 0) - textWidth(text)));
        const cell = right === true ? `${blanks}${text}` : isLast ? text : `${text}${blanks}`;
        return paint === undefined || row === undefined ? cell : paint(cell, row);
      })
      .join(GAP)
      .trimEnd();
  return [line(titles), ...rows.map((row, index) => line(row, index))].map((text) => cutText(text, width));
}
