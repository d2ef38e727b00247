import type { RayEnvironmentEvent } from "@duet/ray";
import type { StepTarget } from "./ray-steps.ts";

/** Makes steps of the Python environments that Ray builds for tasks that ask for packages of their own. */
export class EnvironmentSteps {
  readonly #target: StepTarget;
  readonly #building = new Map<string, { readonly step: number; readonly began: number }>();

  constructor(target: StepTarget) {
    this.#target = target;
  }

  /** A build has begun, gone on or ended. */
  see(event: RayEnvironmentEvent): void {
    const { environment, state, text, time } = event;
    const step = this.#building.get(environment)?.step ?? this.#begin(environment, text, time);
    if (state === "building") this.#target.emit({ type: "step-status", step, status: text });
    else this.#finish(environment, state === "ready" ? "succeeded" : "failed", time, text);
  }

  /** The run is over, and nobody waits for what is still built. */
  end(time: number): void {
    for (const environment of [...this.#building.keys()]) this.#finish(environment, "cancelled", time, "");
  }

  #begin(environment: string, title: string, began: number): number {
    const { clock, span } = this.#target;
    const step = this.#target.nextStep();
    this.#building.set(environment, { step, began });
    clock.begin("ray", began);
    this.#target.emit({ type: "step-started", step, engine: "ray", kind: "environment", title, span });
    return step;
  }

  #finish(
    environment: string,
    outcome: "succeeded" | "failed" | "cancelled",
    time: number,
    text: string,
  ): void {
    const building = this.#building.get(environment);
    if (building === undefined) return;
    this.#building.delete(environment);
    this.#target.clock.end("ray", time);
    const duration = Math.max(0, time - building.began);
    this.#target.emit({
      type: "step-finished",
      step: building.step,
      outcome,
      duration,
      engines: { ray: duration },
      ...(outcome === "failed" ? { error: text } : {}),
    });
  }
}
