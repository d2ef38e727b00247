/** A column is not made narrower than this, unless all of its cells are. */
const LEAST_WIDTH = 8;

/** What a column costs beside its text: a border and two blanks. */
export const COLUMN_FRAME = 3;

/** The columns that a table with these columns of text takes on a terminal. */
export const tableWidth = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + width + COLUMN_FRAME, 1);

/**
 * Widths that fit into `width` columns of a terminal: the widest columns give way first; where that is not enough,
 * columns are left out from the right. There is always one.
 */
export function fitWidths(natural: readonly number[], width: number): readonly number[] {
  const widths = [...natural];
  while (tableWidth(widths) > width) {
    const widest = Math.max(...widths);
    if (widest > LEAST_WIDTH) narrowWidest(widths, widest, tableWidth(widths) - width);
    else if (widths.length > 1) widths.pop();
    else return [Math.max(1, width - COLUMN_FRAME - 1)];
  }
  return widths;
}

/** Takes from all columns that are as wide as the widest what is needed, but not more than down to the next ones. */
function narrowWidest(widths: number[], widest: number, needed: number): void {
  const count = widths.filter((width) => width === widest).length;
  const next = Math.max(LEAST_WIDTH, ...widths.filter((width) => width < widest));
  const cut = Math.max(1, Math.min(widest - next, Math.ceil(needed / count)));
  for (const [index, width] of widths.entries()) if (width === widest) widths[index] = widest - cut;
}
