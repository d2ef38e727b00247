import type { EngineState, RunEvent, SparkProgress, StepStarted, TaskState } from "@duet/engine";

/** A Ray task as the live area knows it. */
export interface TaskView {
  readonly id: string;
  readonly name: string;
  readonly state: TaskState;
  readonly parent: string | undefined;
}

/** A step that runs. */
export interface RunningStep {
  readonly started: StepStarted;
  status: string | undefined;
  spark: SparkProgress | undefined;
  readonly tasks: Map<string, TaskView>;
}

/** What of a run is in motion: the live area is drawn from this. */
export class RunState {
  readonly steps = new Map<number, RunningStep>();
  /** Engines that are being started, by name. */
  readonly starting = new Map<"spark" | "ray", EngineState>();
  /** Titles of finished steps are needed no more, but their engines are: who worked on it? */
  readonly titles = new Map<number, StepStarted>();

  /** Takes an event in. */
  apply(event: RunEvent): void {
    switch (event.type) {
      case "engine":
        if (event.state === "starting") this.starting.set(event.engine, event);
        else this.starting.delete(event.engine);
        break;
      case "step-started":
        this.titles.set(event.step, event);
        this.steps.set(event.step, { started: event, status: undefined, spark: undefined, tasks: new Map() });
        break;
      case "step-status":
        this.#change(event.step, (step) => (step.status = event.status));
        break;
      case "spark-progress":
        this.#change(event.step, (step) => (step.spark = event));
        break;
      case "ray-task":
        this.#change(event.step, (step) => {
          const { task, name, state, parent } = event;
          step.tasks.set(task, { id: task, name, state, parent });
        });
        break;
      case "step-finished":
        this.steps.delete(event.step);
        break;
      case "run-finished":
        this.steps.clear();
        this.starting.clear();
        break;
      default:
        break;
    }
  }

  #change(number: number, change: (step: RunningStep) => void): void {
    const step = this.steps.get(number);
    if (step !== undefined) change(step);
  }
}
