import type { Cell, Column } from "../run-event.ts";
import type { Step } from "../step.ts";

/** Emits rows that Duet itself knows as a table; they are all there. */
export function showRows(
  step: Step,
  name: string,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): void {
  step.run.emit({
    type: "table",
    step: step.index,
    name,
    columns,
    rows,
    truncated: false,
    total: rows.length,
  });
}

/** Columns that all hold text. */
export function textColumns(...names: readonly string[]): readonly Column[] {
  return names.map((name) => ({ name, type: "string" }));
}
