import type { DriverReport, PoolReport } from "@duet/gateway/admin";
import { cleanCell } from "./clean-text.ts";
import type { Colours } from "./colours.ts";
import { formatCount } from "./format.ts";
import { plainTable, type PlainColumn } from "./plain-table.ts";
import { cutText } from "./text-width.ts";

/** Wider tables are hard to read, and do not fit into a message to a colleague. */
const MOST_WIDTH = 100;
/** Names are cut here, so that there is room for the reason. */
const NAME_WIDTH = 18;

/** A gateway's drivers as a table of at most `width` columns of a terminal, and never more than 100. */
export function driversText({ drivers }: PoolReport, width: number, colours: Colours): string {
  if (drivers.length === 0) return "There are no drivers. `duet drivers add HOST:PORT` adds one.";
  const paint = {
    ...{ starting: colours.cyan, ready: colours.green, draining: colours.yellow },
    ...{ lost: colours.red, stopped: colours.dim },
  };
  const columns: readonly PlainColumn[] = [
    { title: "DRIVER" },
    { title: "STATE", paint: (cell, row) => paint[drivers[row]?.state ?? "stopped"](cell) },
    { title: "VERSION" },
    { title: "POOL" },
    { title: "SESSIONS", right: true },
    { title: "OPERATIONS", right: true },
    { title: "WHY", paint: (cell) => colours.dim(cell) },
  ];
  const [head = "", ...lines] = plainTable(columns, drivers.map(cells), Math.min(width, MOST_WIDTH));
  return [colours.bold(head), ...lines].join("\n");
}

function cells(driver: DriverReport): readonly string[] {
  const { id, state, version, pool, sessions, capacity, operations, because } = driver;
  const name = (text: string): string => cutText(cleanCell(text), NAME_WIDTH);
  return [
    name(id),
    state,
    name(version ?? "-"),
    name(pool),
    `${formatCount(sessions)}/${formatCount(capacity)}`,
    formatCount(operations),
    cleanCell(because.join("; ")),
  ];
}
