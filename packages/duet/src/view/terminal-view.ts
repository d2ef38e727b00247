import { renderDiagnostic } from "@duet/mlsql";
import type { LogPrinted, RunEvent, StepFinished } from "@duet/engine";
import { cleanCell, cleanLine } from "./clean-text.ts";
import { type Colours, coloursFor, engineLabel } from "./colours.ts";
import { formatDuration, plural } from "./format.ts";
import { liveLines } from "./live-lines.ts";
import { RunState } from "./run-state.ts";
import { Screen, type ScreenStreams } from "./screen.ts";
import { stepLine } from "./step-line.ts";
import { summaryText } from "./summary.ts";
import { tableText } from "./table-text.ts";
import type { View } from "./view.ts";

/**
 * Where a terminal view writes and how much. Results (tables, messages, what user code prints) go to `out`,
 * everything about the run (steps, progress, mistakes, the summary) to `err`.
 */
export interface TerminalViewOptions extends ScreenStreams {
  /** Results and mistakes only. */
  readonly quiet: boolean;
}

/**
 * Shows a run to a person: a line per finished step, what runs now in a live area below (terminals only), log
 * lines and tables as they come, mistakes with their place in the script, and a summary.
 */
export class TerminalView implements View {
  readonly #state = new RunState();
  readonly #screen: Screen;
  readonly #quiet: boolean;
  readonly #outColours: Colours;
  readonly #errColours: Colours;
  #steps = 0;

  constructor(options: TerminalViewOptions) {
    this.#outColours = coloursFor(options.out);
    this.#errColours = coloursFor(options.err);
    this.#quiet = options.quiet;
    const draw = (size: { columns: number; rows: number }): readonly string[] =>
      liveLines(this.#state, Date.now(), size, this.#errColours);
    this.#screen = new Screen(options, draw);
  }

  async show(event: RunEvent): Promise<void> {
    this.#print(event);
    this.#state.apply(event);
    await this.#screen.ready();
  }

  note(text: string): void {
    this.#screen.print("err", this.#errColours.yellow(text));
  }

  async close(): Promise<void> {
    await this.#screen.close();
  }

  #print(event: RunEvent): void {
    switch (event.type) {
      case "engine":
        if (event.state === "ready") this.#printEngine(event.engine, event.detail, event.time);
        return;
      case "step-status":
        // Where there is a live area the status stands there.
        if (!this.#screen.isLive) this.#tell(this.#statusText(event.step, event.status));
        return;
      case "log":
        this.#screen.print(event.stream === "stdout" ? "out" : "err", this.#logText(event));
        return;
      case "message":
        this.#screen.print(
          "out",
          event.text
            .split("\n")
            .map((line) => cleanLine(line, false))
            .join("\n"),
        );
        return;
      case "table":
        this.#screen.print("out", tableText(event, this.#screen.width("out"), this.#outColours));
        return;
      case "note":
        this.#tell(this.#errColours.dim(cleanCell(event.text)));
        return;
      case "diagnostic": {
        const colours = this.#errColours.isColorSupported;
        this.#screen.print("err", renderDiagnostic(event.diagnostic, event.source, { color: colours }));
        return;
      }
      case "step-finished":
        this.#steps += 1;
        this.#tell(this.#finishedText(event));
        return;
      case "run-finished":
        this.#tell(summaryText(event, this.#steps, this.#errColours));
        return;
      case "run-started":
      case "step-started":
      case "spark-progress":
      case "ray-task":
        return;
    }
  }

  #tell(text: string): void {
    if (!this.#quiet) this.#screen.print("err", text);
  }

  #printEngine(engine: "spark" | "ray", detail: string, time: number): void {
    const started = this.#state.starting.get(engine)?.time ?? time;
    const colours = this.#errColours;
    const line = {
      mark: colours.dim("·"),
      engine,
      title: `${detail} is ready`,
      remark: "",
      time: formatDuration(time - started),
    };
    this.#tell(stepLine(line, this.#screen.width("err"), colours));
  }

  #statusText(step: number, status: string): string {
    const engine = this.#state.titles.get(step)?.engine ?? "duet";
    return `· ${engineLabel(engine, this.#errColours)}  ${this.#errColours.dim(cleanCell(status))}`;
  }

  #finishedText(event: StepFinished): string {
    const colours = this.#errColours;
    const started = this.#state.titles.get(event.step);
    const tasks = this.#state.steps.get(event.step)?.tasks.size ?? 0;
    const remarks = [
      ...(event.rows === undefined ? [] : [plural(event.rows, "row")]),
      ...(tasks === 0 ? [] : [plural(tasks, "task")]),
    ];
    const mark = { succeeded: colours.green("✓"), failed: colours.red("✗"), cancelled: colours.yellow("■") }[
      event.outcome
    ];
    return stepLine(
      {
        mark,
        engine: started?.engine ?? "duet",
        title: started?.title ?? `step ${event.step}`,
        remark: remarks.join(" · "),
        time: formatDuration(event.duration),
      },
      this.#screen.width("err"),
      colours,
    );
  }

  /** Each line says whose it is. */
  #logText(event: LogPrinted): string {
    const colours = event.stream === "stdout" ? this.#outColours : this.#errColours;
    const label = event.group === undefined ? "" : `group ${event.group} `;
    const prefix = `${colours.cyan(label)}${colours.dim("│")}`;
    const paint = event.stream === "stderr" ? colours.red : (text: string): string => text;
    return event.text
      .split("\n")
      .map((line) => `${prefix} ${colours.reset(paint(cleanLine(line, colours.isColorSupported)))}`)
      .join("\n");
  }
}
