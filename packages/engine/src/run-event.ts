import type { Diagnostic, Span } from "@duet/mlsql";

/** Which system does the work of a step; `duet` is what needs neither engine. */
export type EngineName = "spark" | "ray" | "duet";

/** How a run or a step ended. */
export type Outcome = "succeeded" | "failed" | "cancelled";

/** A column of a table that a run shows; `type` in Spark's words, e.g. `decimal(10,2)`. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/** A value of a shown table: JSON-safe; dates and decimals as text, binary as `0x…`. */
export type Cell = string | number | boolean | null | readonly Cell[] | { readonly [key: string]: Cell };

/** A state of a Ray task as its users know it. */
export type TaskState = "waiting" | "pending" | "running" | "finished" | "failed" | "cancelled";

/** Fields that every event has. `time` is milliseconds since 1970; `run` the run's id. */
interface EventBase {
  readonly run: string;
  readonly time: number;
}

/** The run begins: the script has been read, nothing has been checked yet. */
export interface RunStarted extends EventBase {
  readonly type: "run-started";
  readonly file: string;
}

/** An engine is being started or has become ready (embedded engines only start when a step needs them). */
export interface EngineState extends EventBase {
  readonly type: "engine";
  readonly engine: "spark" | "ray";
  readonly state: "starting" | "ready";
  /** E.g. `Sail 0.7.2`, `Ray 2.60.0, 2 CPUs`. */
  readonly detail: string;
}

/** A mistake in the script, found before the run or by an engine while a step ran. */
export interface DiagnosticFound extends EventBase {
  readonly type: "diagnostic";
  readonly diagnostic: Diagnostic;
  /** The text of `diagnostic.span.file`, to print the line with a caret. */
  readonly source: string;
}

/** A step begins. `step` counts from 0 in the order in which steps start. */
export interface StepStarted extends EventBase {
  readonly type: "step-started";
  readonly step: number;
  readonly engine: EngineName;
  /** The statement's kind or command, e.g. `select`, `train`, `!desc`. */
  readonly kind: string;
  /** One line for a person, e.g. `train data as PythonAlg → /tmp/model`. */
  readonly title: string;
  readonly span: Span;
}

/** What the step does at this moment, e.g. `building the environment`, `handing over 100,000 rows`. */
export interface StepStatus extends EventBase {
  readonly type: "step-status";
  readonly step: number;
  readonly status: string;
}

/** Spark's progress on a step, from its own progress messages; Sail sends none. */
export interface SparkProgress extends EventBase {
  readonly type: "spark-progress";
  readonly step: number;
  readonly stages: readonly {
    readonly id: number;
    readonly tasks: number;
    readonly completed: number;
    readonly bytesRead: number;
  }[];
  readonly runningTasks: number;
}

/** A Ray task has changed its state. `parent` is the task that started it, absent for a step's own. */
export interface RayTaskChanged extends EventBase {
  readonly type: "ray-task";
  readonly step: number;
  readonly task: string;
  readonly parent?: string;
  readonly name: string;
  readonly state: TaskState;
  readonly resources: Readonly<Record<string, number>>;
  readonly node?: string;
  readonly error?: string;
}

/** Text that user code printed; whole lines, without the last line break. `group` is a PythonAlg group. */
export interface LogPrinted extends EventBase {
  readonly type: "log";
  readonly step?: number;
  readonly group?: number;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** A table to show: its first rows. `total` is absent when the engine was not asked to count. */
export interface TableShown extends EventBase {
  readonly type: "table";
  readonly step: number;
  readonly name: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  /** Whether the table has more rows than are here. */
  readonly truncated: boolean;
  readonly total?: number;
}

/** A line for a person from a command such as `!println`. */
export interface MessagePrinted extends EventBase {
  readonly type: "message";
  readonly step: number;
  readonly text: string;
}

/** Something that a person should know and that is no mistake, e.g. a setting of the script that is left aside. */
export interface NotePrinted extends EventBase {
  readonly type: "note";
  readonly text: string;
}

/** A step has ended. `engines` says for how many milliseconds each engine worked on it. */
export interface StepFinished extends EventBase {
  readonly type: "step-finished";
  readonly step: number;
  readonly outcome: Outcome;
  readonly duration: number;
  readonly engines: Readonly<Partial<Record<EngineName, number>>>;
  readonly rows?: number;
  /** Why it failed, in one line, where no diagnostic says so: an operation of a Python script, which may catch it. */
  readonly error?: string;
}

/** The run has ended and all that it made for itself is removed. */
export interface RunFinished extends EventBase {
  readonly type: "run-finished";
  readonly outcome: Outcome;
  readonly duration: number;
  readonly engines: Readonly<Partial<Record<EngineName, number>>>;
  /** Of a Python script: what its process ended with, as shells count (128 + n for signal n). */
  readonly exitCode?: number;
}

/** One event of a run; the terminal, the console, the TypeScript API and the tests read the same stream. */
export type RunEvent =
  | RunStarted
  | EngineState
  | DiagnosticFound
  | StepStarted
  | StepStatus
  | SparkProgress
  | RayTaskChanged
  | LogPrinted
  | TableShown
  | MessagePrinted
  | NotePrinted
  | StepFinished
  | RunFinished;

/** An event before the run has put its id and the time on it. */
export type EventBody = RunEvent extends infer Event
  ? Event extends RunEvent
    ? Omit<Event, "run" | "time">
    : never
  : never;
