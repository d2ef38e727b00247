import type { RunFinished } from "@duet/engine";
import type { Colours } from "./colours.ts";
import { formatDuration, plural } from "./format.ts";

/** The closing line: how it ended, how long it took, and for how long each engine worked. */
export function summaryText(event: RunFinished, steps: number, colours: Colours): string {
  const total = formatDuration(event.duration);
  const head = {
    succeeded: colours.green(`Done in ${total}`),
    failed: colours.red(`Failed after ${total}`),
    cancelled: colours.yellow(`Cancelled after ${total}`),
  }[event.outcome];
  const engines = [
    ...(event.engines.spark === undefined
      ? []
      : [`${colours.yellow("Spark")} ${formatDuration(event.engines.spark)}`]),
    ...(event.engines.ray === undefined
      ? []
      : [`${colours.cyan("Ray")} ${formatDuration(event.engines.ray)}`]),
  ];
  return [head, ...engines, plural(steps, "step")].join(colours.dim(" · "));
}
