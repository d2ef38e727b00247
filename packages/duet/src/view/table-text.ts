import cliTruncate from "cli-truncate";
import CliTable from "cli-table3";
import stringWidth from "string-width";
import type { Cell, Column } from "@duet/engine";
import { cleanCell } from "./clean-text.ts";
import type { Colours } from "./colours.ts";
import { formatCount, plural } from "./format.ts";

/** A table as a run event brings it. */
export interface TableContent {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  readonly truncated: boolean;
  readonly total?: number;
}

const NUMBER_TYPE = /^(?:byte|tinyint|short|smallint|int|integer|long|bigint|float|double|decimal)\b/iu;
/** A column is not made narrower than this, unless all of its cells are. */
const LEAST_WIDTH = 8;
/** A lone cell does not fill a wide terminal. */
const MOST_WIDTH = 60;
/** What a column costs beside its text: a border and two blanks. */
const COLUMN_FRAME = 3;

/** A cell as text: nested values as JSON, missing ones as `NULL`. */
export function cellText(cell: Cell): string {
  if (cell === null) return "NULL";
  return cleanCell(typeof cell === "object" ? JSON.stringify(cell) : String(cell));
}

/**
 * Draws a table no wider than `width` columns of a terminal: numbers to the right, long cells cut, and where the
 * columns do not fit even then, as many as do, with the names of the others below.
 */
export function tableText(table: TableContent, width: number, colours: Colours): string {
  const texts = table.rows.map((row) => table.columns.map((_, index) => cellText(row[index] ?? null)));
  const titles = table.columns.map((column) => cleanCell(column.name));
  const natural = titles.map((title, index) => {
    const widest = Math.max(stringWidth(title), ...texts.map((row) => stringWidth(row[index] ?? "")));
    return Math.max(1, Math.min(widest, MOST_WIDTH));
  });
  const widths = fitWidths(natural, width - 1);
  const shown = widths.length;
  const drawn = new CliTable({
    head: titles.slice(0, shown).map((title, index) => colours.bold(cliTruncate(title, widths[index] ?? 1))),
    colAligns: table.columns
      .slice(0, shown)
      .map((column) => (NUMBER_TYPE.test(column.type) ? "right" : "left")),
    colWidths: widths.map((columnWidth) => columnWidth + 2),
    style: { head: [], border: [], compact: true },
  });
  for (const row of texts) {
    const cells = row.slice(0, shown).map((text, index) => cliTruncate(text, widths[index] ?? 1));
    drawn.push(cells.map((text) => (text === "NULL" ? colours.dim(text) : text)));
  }
  const lines = [`${colours.bold(cleanCell(table.name))}  ${colours.dim(sizeText(table))}`];
  if (shown > 0) lines.push(drawn.toString());
  const hidden = titles.slice(shown);
  if (hidden.length > 0) {
    const names = `${plural(hidden.length, "more column")}: ${hidden.join(", ")}`;
    lines.push(colours.dim(cliTruncate(names, width)));
  }
  return lines.join("\n");
}

function sizeText(table: TableContent): string {
  const shown = table.rows.length;
  if (!table.truncated) return plural(table.total ?? shown, "row");
  return table.total === undefined
    ? `the first ${shown === 1 ? "row" : plural(shown, "row")}`
    : `${formatCount(shown)} of ${plural(table.total, "row")}`;
}

/** Widths that fit: the widest columns give way first; from the right, columns that find no room are left out. */
function fitWidths(natural: readonly number[], width: number): readonly number[] {
  const widths = [...natural];
  const taken = (): number => widths.reduce((sum, columnWidth) => sum + columnWidth + COLUMN_FRAME, 0);
  while (taken() > width) {
    const widest = Math.max(...widths);
    if (widest > LEAST_WIDTH) {
      const others = widths.filter((columnWidth) => columnWidth < widest);
      const target = Math.max(LEAST_WIDTH, ...others);
      const count = widths.length - others.length;
      const cut = Math.min(widest - target || 1, Math.ceil((taken() - width) / count));
      for (const [index, columnWidth] of widths.entries())
        if (columnWidth === widest) widths[index] = widest - cut;
    } else if (widths.length > 1) {
      widths.pop();
    } else {
      return [Math.max(1, width - COLUMN_FRAME)];
    }
  }
  return widths;
}
