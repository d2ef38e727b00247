import CliTable from "cli-table3";
import type { Cell, Column } from "@duet/engine";
import { cellText, fitCell } from "./cell-text.ts";
import { cleanCell } from "./clean-text.ts";
import type { Colours } from "./colours.ts";
import { fitWidths, tableWidth } from "./column-widths.ts";
import { formatCount, plural } from "./format.ts";
import { cutText, textWidth, wrapText } from "./text-width.ts";

/** A table as a run event brings it. */
export interface TableContent {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  readonly truncated: boolean;
  readonly total?: number;
}

const NUMBER_TYPE = /^(?:byte|tinyint|short|smallint|int|integer|long|bigint|float|double|decimal)\b/iu;
/** A lone cell does not fill a wide terminal. */
const MOST_WIDTH = 60;
/** A table that is too wide and has no more rows than this is turned: its rows stand side by side. */
const MOST_TURNED_ROWS = 4;
/** A cell of a turned table may take so many lines. */
const TURNED_LINES = 3;

/**
 * Draws a table no wider than `width` columns of a terminal: numbers to the right, long cells cut. A table of few
 * rows that is too wide is turned. Of another one as many columns are shown as fit, and the others are named below.
 */
export function tableText(table: TableContent, width: number, colours: Colours): string {
  const texts = table.rows.map((row) => table.columns.map((_, index) => cellText(row[index] ?? null)));
  const titles = table.columns.map((column) => cleanCell(column.name));
  const natural = titles.map((title, index) => widestOf([title, ...texts.map((row) => row[index] ?? "")]));
  const head = `${colours.bold(cleanCell(table.name))}  ${colours.dim(sizeText(table))}`;
  if (titles.length === 0) return head;
  const isTooWide = tableWidth(natural) > width;
  if (isTooWide && texts.length > 0 && texts.length <= MOST_TURNED_ROWS && titles.length > texts.length) {
    return `${head}\n${turnedTable(titles, texts, width, colours)}`;
  }
  const widths = fitWidths(natural, width);
  const hidden = titles.slice(widths.length);
  const names = `${plural(hidden.length, "more column")}: ${hidden.join(", ")}`;
  const lines = [head, straightTable(table.columns, titles, texts, widths, colours)];
  if (hidden.length > 0) lines.push(colours.dim(cutText(names, width)));
  return lines.join("\n");
}

function straightTable(
  columns: readonly Column[],
  titles: readonly string[],
  texts: readonly (readonly string[])[],
  widths: readonly number[],
  colours: Colours,
): string {
  const isNumber = columns.map((column) => NUMBER_TYPE.test(column.type));
  const drawn = new CliTable({
    head: widths.map((width, index) => colours.bold(cutText(titles[index] ?? "", width))),
    colAligns: widths.map((_, index) => (isNumber[index] === true ? "right" : "left")),
    colWidths: widths.map((width) => width + 2),
    style: { head: [], border: [], compact: true },
  });
  for (const row of texts) {
    const cells = widths.map((width, index) => fitCell(row[index] ?? "", width, isNumber[index] === true));
    drawn.push(cells.map((text) => (text === "NULL" ? colours.dim(text) : text)));
  }
  return drawn.toString();
}

/** Column names down the left side, each row a column. */
function turnedTable(
  titles: readonly string[],
  texts: readonly (readonly string[])[],
  width: number,
  colours: Colours,
): string {
  const natural = [widestOf(titles), ...texts.map((row) => widestOf(row))];
  const widths = fitWidths(natural, width);
  const drawn = new CliTable({
    colWidths: widths.map((columnWidth) => columnWidth + 2),
    style: { head: [], border: [], compact: true },
  });
  for (const [index, title] of titles.entries()) {
    const [nameWidth = 1, ...valueWidths] = widths;
    const values = valueWidths.map((columnWidth, row) => {
      const text = texts[row]?.[index] ?? "";
      return text === "NULL" ? colours.dim(text) : wrapText(text, columnWidth, TURNED_LINES).join("\n");
    });
    drawn.push([colours.bold(cutText(title, nameWidth)), ...values]);
  }
  return drawn.toString();
}

function widestOf(texts: readonly string[]): number {
  return Math.max(1, Math.min(MOST_WIDTH, Math.max(...texts.map((text) => textWidth(text)))));
}

function sizeText(table: TableContent): string {
  const shown = table.rows.length;
  if (!table.truncated) return plural(table.total ?? shown, "row");
  return table.total === undefined
    ? `the first ${shown === 1 ? "row" : plural(shown, "row")}`
    : `${formatCount(shown)} of ${plural(table.total, "row")}`;
}
