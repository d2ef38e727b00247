import type { EngineName, Outcome, RunEvent, StepFinished, StepStarted } from "@duet/engine";

/** Steps of the same title that ended alike: a loop that runs a query a thousand times is one line. */
export interface StepTotal {
  readonly engine: EngineName;
  readonly title: string;
  readonly outcome: Outcome;
  count: number;
  /** Milliseconds, of all of them together. */
  duration: number;
  rows: number | undefined;
  tasks: number;
  error: string | undefined;
}

/** Adds up the steps of a run, in the order in which their kinds ended first. */
export class StepTotals {
  /** How many steps have ended. */
  steps = 0;
  readonly #started = new Map<number, { readonly event: StepStarted; readonly tasks: Set<string> }>();
  readonly #totals = new Map<string, StepTotal>();

  /** The lines of a summary. */
  get totals(): readonly StepTotal[] {
    return [...this.#totals.values()];
  }

  /** Takes an event in. */
  apply(event: RunEvent): void {
    if (event.type === "step-started") this.#started.set(event.step, { event, tasks: new Set() });
    else if (event.type === "ray-task") this.#started.get(event.step)?.tasks.add(event.task);
    else if (event.type === "step-finished") this.#finish(event);
  }

  #finish(event: StepFinished): void {
    const started = this.#started.get(event.step);
    if (started === undefined) return;
    this.#started.delete(event.step);
    this.steps += 1;
    const { engine, title } = started.event;
    const key = `${engine} ${event.outcome} ${title}`;
    const total = this.#totals.get(key) ?? {
      ...{ engine, title, outcome: event.outcome },
      ...{ count: 0, duration: 0, rows: undefined, tasks: 0, error: undefined },
    };
    this.#totals.set(key, total);
    total.count += 1;
    total.duration += event.duration;
    total.tasks += started.tasks.size;
    if (event.rows !== undefined) total.rows = (total.rows ?? 0) + event.rows;
    total.error = event.error ?? total.error;
  }
}
