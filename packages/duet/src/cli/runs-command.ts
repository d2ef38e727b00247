import { duetHome } from "../embedded/installation.ts";
import { knownRuns } from "../runs/known-runs.ts";
import type { ListedRun } from "../runs/list-runs.ts";
import { cleanCell } from "../view/clean-text.ts";
import { coloursFor } from "../view/colours.ts";
import { formatDuration } from "../view/format.ts";
import { plainTable, type PlainColumn } from "../view/plain-table.ts";
import { exitCode } from "./exit-code.ts";
import { Interruption } from "./interruption.ts";
import { printError } from "./print-error.ts";

/** The options of `duet runs`. */
export interface RunsCommandOptions {
  readonly profile: string | undefined;
  /** How many at most, newest first. */
  readonly most: number;
  readonly json: boolean;
}

/** Lists runs, newest first; gives 3 when a cluster could not be asked. */
export async function runsCommand(options: RunsCommandOptions): Promise<number> {
  using interruption = new Interruption({ onFirst: () => undefined, onForce: () => undefined });
  const { runs, unasked } = await knownRuns(duetHome(), options.profile, interruption.signal);
  const shown = runs.slice(0, options.most);
  if (options.json) {
    const entries = shown.map(({ place, ...run }) => ({ ...run, place: place.kind }));
    const failures = unasked.map(({ profile, error }) => ({
      profile,
      code: error.code,
      message: error.message,
    }));
    process.stdout.write(`${JSON.stringify({ runs: entries, unasked: failures })}\n`);
  } else {
    printRuns(shown);
    for (const { error } of unasked) printError(error);
  }
  return unasked.length === 0 ? exitCode.succeeded : exitCode.engine;
}

function printRuns(runs: readonly ListedRun[]): void {
  if (runs.length === 0) {
    process.stdout.write(
      "There are no runs. `duet run script.py` starts one; --profile looks on a cluster.\n",
    );
    return;
  }
  const colours = coloursFor(process.stdout);
  const paint = {
    ...{ succeeded: colours.green, failed: colours.red, cancelled: colours.yellow, lost: colours.red },
    ...{ running: colours.cyan, pending: colours.cyan, unknown: colours.dim },
  };
  const rows = runs.map((run) => [
    run.run,
    run.state,
    new Date(run.started).toLocaleString("sv"),
    durationText(run),
    run.profile,
    [cleanCell(run.script), ...run.arguments.map(cleanCell)].join(" "),
  ]);
  const stateOf = (row: number): ListedRun["state"] => runs[row]?.state ?? "unknown";
  const columns: readonly PlainColumn[] = [
    { title: "RUN" },
    { title: "STATE", paint: (cell, row) => paint[stateOf(row)](cell) },
    ...["STARTED", "TIME", "PROFILE", "SCRIPT"].map((title) => ({ title })),
  ];
  const [head = "", ...lines] = plainTable(columns, rows);
  process.stdout.write(`${[colours.dim(head), ...lines].join("\n")}\n`);
}

/** A run that goes on has taken until now; of one whose end nobody saw it is not known. */
function durationText({ state, started, ended }: ListedRun): string {
  if (ended !== undefined) return formatDuration(ended - started);
  return state === "running" || state === "pending" ? formatDuration(Date.now() - started) : "";
}
