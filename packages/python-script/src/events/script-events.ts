import { readFileSync } from "node:fs";
import { type EngineName, type EventBody, lineSpan } from "@duet/engine";
import type { Span } from "@duet/mlsql";
import type { RayEnvironmentEvent } from "@duet/ray";
import type {
  OperationFinished,
  OperationProgress,
  OperationStarted,
  ScriptMessage,
} from "../script-message.ts";
import { EngineClock } from "./engine-clock.ts";
import { EnvironmentSteps } from "./environment-steps.ts";
import { RaySteps, type ScriptRayTask, type StepTarget } from "./ray-steps.ts";

interface Operation {
  readonly step: number;
  readonly engine: EngineName;
  readonly began: number;
}

/** Makes run events of what the processes of a script tell, and of what Ray tells of their jobs. */
export class ScriptEvents implements StepTarget {
  readonly clock = new EngineClock();
  readonly span: Span;
  /** The texts of the files that spans point into. */
  readonly sources = new Map<string, string>();
  /** Whether an operation has failed or was cancelled: its other tasks may still write for a moment. */
  hasFailures = false;
  readonly #emit: (event: EventBody) => void;
  readonly #operations = new Map<string, Operation>();
  readonly #notes = new Set<string>();
  readonly #rayTasks: RaySteps;
  readonly #environments: EnvironmentSteps;
  #steps = 0;
  #isStopping = false;

  /** `script` is the name that places of unknown work get. */
  constructor(script: string, emit: (event: EventBody) => void) {
    this.#emit = emit;
    this.span = atLine(script, 1);
    this.#rayTasks = new RaySteps(this);
    this.#environments = new EnvironmentSteps(this);
  }

  /** Puts an event on the run's stream. */
  emit(event: EventBody): void {
    this.#emit(event);
  }

  /** The number of the next step. */
  nextStep(): number {
    return this.#steps++;
  }

  /** A process of the script has told something. */
  message(message: ScriptMessage): void {
    switch (message.type) {
      case "operation-started":
        this.#began(message);
        break;
      case "operation-progress":
        this.#progress(message);
        break;
      case "operation-finished":
        this.#finished(message);
        break;
      case "note":
        this.note(message.text);
        break;
      case "need":
      case "spark-session":
      case "ray-job":
        break;
    }
  }

  /** Says something to the person, once. */
  note(text: string): void {
    if (this.#notes.has(text)) return;
    this.#notes.add(text);
    this.#emit({ type: "note", text });
  }

  /** Tells a mistake or what went wrong: where nothing else is known, of the script as a whole. */
  diagnose(code: string, message: string, suggestion?: string, span: Span = this.span): void {
    const diagnostic = { code, severity: "error", message, span } as const;
    this.#emit({
      type: "diagnostic",
      diagnostic: suggestion === undefined ? diagnostic : { ...diagnostic, suggestion },
      source: this.sources.get(span.file) ?? "",
    });
  }

  /** A Ray task of the script has changed its state. */
  rayTask(task: ScriptRayTask): void {
    const isStopped = this.#isStopping && task.state === "failed";
    this.#rayTasks.see(isStopped ? { ...task, state: "cancelled" } : task);
  }

  /** Ray builds a Python environment for tasks of the script. */
  rayEnvironment(event: RayEnvironmentEvent): void {
    this.#environments.see(event);
  }

  /** The script is being stopped: what fails from now on has not failed, but was cancelled. */
  stopping(): void {
    this.#isStopping = true;
  }

  /** The run is over: what still runs is cancelled with it. `time` is milliseconds since 1970. */
  end(time: number): void {
    for (const operation of [...this.#operations.keys()]) {
      this.#finished({ type: "operation-finished", operation, outcome: "cancelled", time, process: 0 });
    }
    this.#environments.end(time);
    const outlived = this.#rayTasks.end(time);
    if (this.#isStopping) return;
    for (const [name, count] of outlived) {
      const tasks = count === 1 ? `a task of ${name}` : `${count} tasks of ${name}`;
      this.note(`${tasks} still ran on Ray when the script ended, and ended with it`);
    }
  }

  #began(message: OperationStarted): void {
    const { operation, kind, title, time, file, line } = message;
    if (this.#operations.has(operation)) return;
    const engine = message.engine ?? "spark";
    const step = this.nextStep();
    this.#operations.set(operation, { step, engine, began: time });
    this.clock.begin(engine, time);
    const span = file === undefined ? this.span : this.place(file, line ?? 1);
    this.#emit({ type: "step-started", step, engine, kind, title, span });
  }

  #progress(message: OperationProgress): void {
    const known = this.#operations.get(message.operation);
    if (known === undefined) return;
    const { stages, runningTasks } = message;
    this.#emit({ type: "spark-progress", step: known.step, stages, runningTasks });
  }

  #finished(message: OperationFinished): void {
    const known = this.#operations.get(message.operation);
    if (known === undefined) return;
    this.#operations.delete(message.operation);
    const { step, engine, began } = known;
    this.clock.end(engine, message.time);
    const duration = Math.max(0, message.time - began);
    const { rows, error } = message;
    this.hasFailures ||= message.outcome !== "succeeded";
    const outcome = this.#isStopping && message.outcome === "failed" ? "cancelled" : message.outcome;
    this.#emit({
      type: "step-finished",
      step,
      outcome,
      duration,
      engines: { [engine]: duration },
      ...(rows === undefined ? {} : { rows }),
      ...(error === undefined || outcome === "cancelled" ? {} : { error }),
    });
  }

  /** A line of a file, from 1. */
  place(file: string, line: number): Span {
    if (!this.sources.has(file)) this.sources.set(file, readSource(file));
    return lineSpan(this.sources, file, line) ?? atLine(file, line);
  }
}

/** The text of a file of this machine; empty for one of another. */
function readSource(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // The places of a script that runs on a cluster have lines and no text.
    return "";
  }
}

function atLine(file: string, line: number): Span {
  const position = { line, column: 1, offset: 0 };
  return { file, start: position, end: position };
}
