import type { RayTaskEvent } from "@duet/ray";
import type { EventBody, Outcome } from "@duet/engine";
import type { Span } from "@duet/mlsql";
import type { EngineClock } from "./engine-clock.ts";

/** A function that a loop calls again and again is one step: its step ends when nothing of it ran for so long. Milliseconds. */
const IDLE_MS = 1_000;

/** Begins the names of the tasks that hand tables over; what follows says what they do (`frames/telling.py`). */
const OWN_TASK = "duet: ";

/** What Ray tells of a task of the script's jobs. */
export type ScriptRayTask = Pick<
  RayTaskEvent,
  "task" | "parent" | "name" | "function" | "actor" | "state" | "resources" | "node" | "error" | "time"
>;

/** A step: the tasks of one function, or an actor class, and those that they start. */
interface RayStep {
  readonly step: number;
  readonly title: string;
  readonly engine: "ray" | "duet";
  readonly began: number;
  readonly states: Map<string, ScriptRayTask["state"]>;
  readonly alive: Set<string>;
  lastEnd: number;
  error: string | undefined;
  idle: NodeJS.Timeout | undefined;
}

type StepDescription = Pick<RayStep, "title" | "engine"> & { readonly kind: "task" | "actor" };

/** Where steps are told. */
export interface StepTarget {
  emit(event: EventBody): void;
  nextStep(): number;
  readonly clock: EngineClock;
  /** Stands for work of which no line is known. */
  readonly span: Span;
}

/** Makes steps of the Ray tasks that a script starts. */
export class RaySteps {
  readonly #target: StepTarget;
  readonly #open = new Map<string, RayStep>();
  readonly #ofTask = new Map<string, RayStep>();
  readonly #outlived = new Map<string, number>();

  constructor(target: StepTarget) {
    this.#target = target;
  }

  /** A task has changed its state. */
  see(task: ScriptRayTask): void {
    const step = this.#stepOf(task);
    if (step === undefined) return;
    // One that the script itself has cancelled has Ray's words for it.
    if (task.state === "cancelled" && task.parent === undefined && task.error === undefined) {
      this.#outlived.set(step.title, (this.#outlived.get(step.title) ?? 0) + 1);
    }
    const { name, state, resources, parent, node, error } = task;
    this.#target.emit({
      type: "ray-task",
      step: step.step,
      task: task.task,
      name,
      state,
      resources,
      ...(parent !== undefined && this.#ofTask.get(parent) === step ? { parent } : {}),
      ...(node === undefined ? {} : { node }),
      ...(error === undefined ? {} : { error }),
    });
    step.states.set(task.task, state);
    if (state === "failed") step.error = firstLine(error);
    if (isAlive(state)) {
      step.alive.add(task.task);
      clearTimeout(step.idle);
      step.idle = undefined;
    } else {
      step.alive.delete(task.task);
      step.lastEnd = Math.max(step.lastEnd, task.time);
      if (step.alive.size === 0) this.#finishWhenIdle(step);
    }
  }

  /** The run is over: all steps end. Gives the names of the tasks that have outlived it, and how many of each. */
  end(time: number): ReadonlyMap<string, number> {
    for (const step of [...this.#open.values()]) {
      if (step.alive.size > 0) step.lastEnd = Math.max(step.lastEnd, time);
      this.#finish(step);
    }
    return this.#outlived;
  }

  #stepOf(task: ScriptRayTask): RayStep | undefined {
    const known =
      this.#ofTask.get(task.task) ?? (task.parent === undefined ? undefined : this.#ofTask.get(task.parent));
    if (known !== undefined && this.#open.get(known.title) === known) {
      this.#ofTask.set(task.task, known);
      return known;
    }
    // The end of a task whose step has ended says nothing new.
    if (!isAlive(task.state) && known !== undefined) return undefined;
    const description = describe(task);
    const step = this.#open.get(description.title) ?? this.#begin(description, task.time);
    this.#ofTask.set(task.task, step);
    return step;
  }

  #begin({ title, kind, engine }: StepDescription, time: number): RayStep {
    const { clock, span } = this.#target;
    const step: RayStep = {
      ...{ step: this.#target.nextStep(), title, engine, began: time, lastEnd: time },
      ...{ states: new Map(), alive: new Set(), error: undefined, idle: undefined },
    };
    this.#open.set(title, step);
    clock.begin(engine, time);
    this.#target.emit({ type: "step-started", step: step.step, engine, kind, title, span });
    return step;
  }

  #finishWhenIdle(step: RayStep): void {
    clearTimeout(step.idle);
    step.idle = setTimeout(() => {
      this.#finish(step);
    }, IDLE_MS);
  }

  #finish(step: RayStep): void {
    clearTimeout(step.idle);
    this.#open.delete(step.title);
    this.#target.clock.end(step.engine, step.lastEnd);
    const duration = Math.max(0, step.lastEnd - step.began);
    const outcome = outcomeOf(step);
    this.#target.emit({
      type: "step-finished",
      step: step.step,
      outcome,
      duration,
      engines: { [step.engine]: duration },
      ...(outcome === "failed" && step.error !== undefined ? { error: step.error } : {}),
    });
  }
}

const isAlive = (state: ScriptRayTask["state"]): boolean =>
  state === "waiting" || state === "pending" || state === "running";

/** A task that failed and was tried again with success has not failed. */
function outcomeOf(step: RayStep): Outcome {
  const states = [...step.states.values()];
  if (states.includes("failed")) return "failed";
  return step.alive.size > 0 || states.includes("cancelled") ? "cancelled" : "succeeded";
}

/** `main.<locals>.train` is the function `train`; `Counter.add` is of the actor class `Counter`. */
function describe(task: ScriptRayTask): StepDescription {
  if (task.name.startsWith(OWN_TASK)) {
    return { title: task.name.slice(OWN_TASK.length), kind: "task", engine: "duet" };
  }
  const full = task.function ?? task.name;
  const name = full.split("<locals>.").at(-1) ?? full;
  if (task.actor === undefined) return { title: name, kind: "task", engine: "ray" };
  return { title: name.split(".").at(0) ?? name, kind: "actor", engine: "ray" };
}

const firstLine = (text: string | undefined): string | undefined => text?.trim().split("\n").at(0);
