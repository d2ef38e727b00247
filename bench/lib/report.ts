import { describeMachine } from "./machine.ts";

/** One figure of ours beside a peer's. */
export interface Comparison {
  /** What was done. */
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  /** What ours is measured against, in words, and its figure; absent where there is only a limit. */
  readonly peer?: { readonly name: string; readonly value: number };
  /** A limit on ours ÷ peer's, or on ours where there is no peer. */
  readonly target: { readonly kind: "at-most" | "at-least"; readonly value: number };
}

/** Prints comparisons as a Markdown table, and as the last line the same as JSON, which `bench/run.ts` keeps. */
export async function report(
  bench: string,
  comparisons: readonly Comparison[],
  notes: readonly string[] = [],
): Promise<void> {
  const machine = await describeMachine();
  const rows = comparisons.map((comparison) => {
    const { peer, target } = comparison;
    const measured = peer === undefined ? comparison.ours : comparison.ours / peer.value;
    const met = target.kind === "at-most" ? measured <= target.value : measured >= target.value;
    return [
      comparison.what,
      `${number(comparison.ours)} ${comparison.unit}`,
      peer === undefined ? "" : `${peer.name}: ${number(peer.value)} ${comparison.unit}`,
      peer === undefined ? "" : number(measured),
      `${target.kind === "at-most" ? "≤" : "≥"} ${number(target.value)}`,
      met ? "yes" : "no",
    ];
  });
  const table = [["what", "Duet", "peer", "ratio", "target", "met"], ...rows];
  const widths =
    table[0]?.map((_, column) => Math.max(3, ...table.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = table;
  console.log(`## ${bench}\n`);
  console.log(
    [line(head), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...body.map(line)].join("\n"),
  );
  console.log(`\n${[...notes, machine].join("\n")}`);
  console.log(JSON.stringify({ bench, machine, comparisons, notes }));
}

function number(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}
