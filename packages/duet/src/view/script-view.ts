import type { DiagnosticFound, RunEvent } from "@duet/engine";
import type { BottomRows } from "./bottom-rows.ts";
import { cleanCell } from "./clean-text.ts";
import { type Colours, coloursFor } from "./colours.ts";
import { errorText } from "./error-text.ts";
import { formatDuration, plural } from "./format.ts";
import { FRAME_MS, liveLines, type Size } from "./live-lines.ts";
import { RunState } from "./run-state.ts";
import { stepLine } from "./step-line.ts";
import { type StepTotal, StepTotals } from "./step-totals.ts";
import { summaryText } from "./summary.ts";
import { cutText } from "./text-width.ts";
import type { View } from "./view.ts";

/** Where a script's view writes: standard error. */
export interface ScriptViewOptions {
  readonly err: NodeJS.WritableStream & {
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly rows?: number;
  };
  /** Rows of the terminal for what runs now; absent: none. */
  readonly rows?: BottomRows;
  /** Mistakes only. */
  readonly quiet: boolean;
}

/** Work that is over sooner is not worth a look. Milliseconds. */
const SHOWN_AFTER_MS = 400;
/** The rows stay for so long between two pieces of work, so that they do not come and go. Milliseconds. */
const HIDDEN_AFTER_MS = 600;
/** What a run that is stopped does for longer is told. Milliseconds. */
const NOTED_AFTER_MS = 500;
const MOST_ROWS = 8;
/** A summary with more lines than this would push the script's own output off the screen. */
const MOST_TOTALS = 20;

/**
 * Shows a run of a Python script, which writes to the terminal itself: nothing is printed between its lines. What runs
 * now stands in rows at the bottom of the terminal; what has run is summed up at the end. Where standard error is no
 * terminal, only mistakes are told.
 */
export class ScriptView implements View {
  readonly #options: ScriptViewOptions;
  readonly #colours: Colours;
  readonly #state = new RunState();
  readonly #totals = new StepTotals();
  readonly #engines: string[] = [];
  readonly #notes: string[] = [];
  readonly #timer: NodeJS.Timeout | undefined;
  #busySince: number | undefined;
  #lastBusy = 0;
  #over = false;
  #hasBegun = false;

  constructor(options: ScriptViewOptions) {
    this.#options = options;
    this.#colours = coloursFor(options.err);
    if (options.rows === undefined) return;
    this.#timer = setInterval(() => {
      this.#draw();
    }, FRAME_MS);
  }

  async show(event: RunEvent): Promise<void> {
    this.#totals.apply(event);
    switch (event.type) {
      case "engine":
        if (event.state === "ready")
          this.#engines.push(this.#engineLine(event.engine, event.detail, event.time));
        break;
      case "note":
        this.#takeNote(event.text);
        break;
      case "diagnostic":
        await this.#printMistake(event);
        break;
      case "run-finished":
        this.#finish();
        if (this.#sayMore) this.#summarize(event);
        break;
      default:
        break;
    }
    this.#hasBegun ||= event.type !== "run-started" && event.type !== "note";
    this.#state.apply(event);
  }

  note(text: string): void {
    if (!this.#sayMore) return;
    // What ends at once needs no words, least of all between the lines of a traceback.
    setTimeout(() => {
      if (!this.#over) this.#print(`\n${this.#colours.yellow(text)}`);
    }, NOTED_AFTER_MS).unref();
  }

  close(): Promise<void> {
    this.#finish();
    return Promise.resolve();
  }

  /** A person looks at a terminal; a file or a program gets what Python gives, and mistakes. */
  get #sayMore(): boolean {
    return this.#options.err.isTTY === true && !this.#options.quiet;
  }

  get #width(): number {
    return this.#options.err.columns ?? 100;
  }

  #draw(): void {
    const { rows, err } = this.#options;
    if (rows === undefined || this.#over) return;
    const now = Date.now();
    const isBusy = this.#state.steps.size > 0 || this.#state.starting.size > 0;
    if (isBusy) {
      this.#busySince ??= now;
      this.#lastBusy = now;
    } else if (now - this.#lastBusy > HIDDEN_AFTER_MS) {
      this.#busySince = undefined;
    }
    if (this.#busySince === undefined) rows.show([]);
    else if (isBusy && now - this.#busySince > SHOWN_AFTER_MS) {
      const size: Size = {
        columns: this.#width,
        rows: Math.min(MOST_ROWS, Math.floor((err.rows ?? 24) / 3)) + 1,
      };
      rows.show(liveLines(this.#state, now, size, this.#colours));
    }
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#timer);
    this.#options.rows?.[Symbol.dispose]();
  }

  #summarize(event: Extract<RunEvent, { type: "run-finished" }>): void {
    const { totals, steps } = this.#totals;
    if (steps === 0 && this.#notes.length === 0 && this.#engines.length === 0) return;
    const shown = totals.slice(0, MOST_TOTALS).flatMap((total) => this.#totalLines(total));
    const rest = totals.length - MOST_TOTALS;
    const more = rest > 0 ? [this.#colours.dim(`… ${plural(rest, "more line")}`)] : [];
    const notes = this.#notes.map((text) => this.#colours.dim(`· ${cleanCell(text)}`));
    const lines = [...this.#engines, ...shown, ...more, ...notes, summaryText(event, steps, this.#colours)];
    // The script may have left its last line open.
    this.#print(`\n${lines.join("\n")}`);
  }

  #totalLines(total: StepTotal): readonly string[] {
    const colours = this.#colours;
    const { engine, title, outcome, count, duration, rows, tasks, error } = total;
    const mark = { succeeded: colours.green("✓"), failed: colours.red("✗"), cancelled: colours.yellow("■") }[
      outcome
    ];
    const remarks = [
      ...(rows === undefined ? [] : [plural(rows, "row")]),
      ...(tasks === 0 ? [] : [plural(tasks, "task")]),
    ];
    const line = stepLine(
      {
        ...{ mark, engine, title: count === 1 ? title : `${title} ×${count}` },
        ...{ remark: remarks.join(" · "), time: formatDuration(duration) },
      },
      this.#width,
      colours,
    );
    return error === undefined
      ? [line]
      : [line, cutText(`        ${colours.dim(cleanCell(error))}`, this.#width)];
  }

  #engineLine(engine: "spark" | "ray", detail: string, time: number): string {
    const started = this.#state.starting.get(engine)?.time ?? time;
    const title = `${detail} is ready`;
    const mark = this.#colours.dim("·");
    return stepLine(
      { mark, engine, title, remark: "", time: formatDuration(time - started) },
      this.#width,
      this.#colours,
    );
  }

  /** What is known before anything has begun, such as which Spark was chosen, is told at once. */
  #takeNote(text: string): void {
    if (this.#hasBegun) this.#notes.push(text);
    else if (this.#sayMore) this.#print(this.#colours.dim(`· ${cleanCell(text)}`));
  }

  async #printMistake({ diagnostic, source }: DiagnosticFound): Promise<void> {
    const { code, message, suggestion: help } = diagnostic;
    if (source === "") {
      this.#print(errorText({ code, message, help }, this.#colours));
      return;
    }
    // Most runs have none, and the language takes 30 ms to load.
    const { renderDiagnostic } = await import("@duet/mlsql");
    this.#print(renderDiagnostic(diagnostic, source, { color: this.#colours.isColorSupported }));
  }

  #print(text: string): void {
    this.#options.err.write(`${text}\n`);
  }
}
