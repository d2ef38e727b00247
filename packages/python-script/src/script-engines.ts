import type { EventBody } from "@duet/engine";
import { failureOf } from "./failure.ts";
import type { EngineFailed, ScriptRay, ScriptSpark, ScriptWiring } from "./script-message.ts";
import type { ClassicSpark, ScriptEngineProvider, ScriptRayAddress } from "./script-options.ts";

/** What {@link ScriptEngines} needs of a run. */
export interface ScriptEnginesOptions {
  readonly engines: ScriptEngineProvider;
  readonly signal: AbortSignal;
  readonly emit: (event: EventBody) => void;
}

/** The engines of a script, started when they are foreseen or asked for, and told as run events. */
export class ScriptEngines {
  /** Instead of the provider's Spark. */
  classic: ClassicSpark | undefined;
  /** The runtime environment of the script's Ray job. */
  runtimeEnv: Readonly<Record<string, unknown>> | undefined;
  /** What workers of a Ray elsewhere are told in `DUET_SCRIPT`. */
  workerWiring: Omit<ScriptWiring, "socket"> | undefined;
  readonly #options: ScriptEnginesOptions;
  /** What the script's Spark trusts, once it is there; see {@link ScriptSpark}. */
  authorities: string | undefined;
  #spark: Promise<ScriptSpark> | undefined;
  #ray: Promise<ScriptRayAddress> | undefined;

  constructor(options: ScriptEnginesOptions) {
    this.#options = options;
  }

  /** Starts an engine that the script will most likely need. What goes wrong is told when it asks. */
  foresee(engine: "spark" | "ray"): void {
    this.give(engine).catch(() => undefined);
  }

  /** An engine as the script's wiring describes it. */
  give(engine: "spark" | "ray"): Promise<ScriptSpark | ScriptRay> {
    return engine === "spark" ? this.#giveSpark() : this.#giveRay();
  }

  /** Where the bridge of the run's Ray answers; starts Ray at the first call. */
  rayAddress(): Promise<ScriptRayAddress> {
    return (this.#ray ??= this.#started("ray", "Ray", (signal) => this.#options.engines.ray(signal)));
  }

  #giveSpark(): Promise<ScriptSpark> {
    if (this.classic !== undefined) return Promise.resolve(this.classic);
    const { engines } = this.#options;
    this.#spark ??= this.#started("spark", "Spark", (signal) => engines.spark(signal)).then(
      ({ kind, url, authorities }) => {
        this.authorities = authorities;
        return { kind, url, ...(authorities === undefined ? {} : { authorities }) };
      },
    );
    return this.#spark;
  }

  async #giveRay(): Promise<ScriptRay> {
    const { gcsAddress, tokenPath, modules } = await this.rayAddress();
    const address = { address: gcsAddress, ...(tokenPath === undefined ? {} : { tokenPath }) };
    if (modules !== undefined) return this.#elsewhere(address, modules);
    const { runtimeEnv } = this;
    return {
      ...address,
      embedded: tokenPath !== undefined,
      ...(runtimeEnv === undefined ? {} : { runtimeEnv }),
    };
  }

  /** The workers of a cluster elsewhere are wired by the job's runtime environment. */
  #elsewhere(address: Pick<ScriptRay, "address" | "tokenPath">, modules: readonly string[]): ScriptRay {
    const ray = { address: address.address, embedded: false };
    const wiring = JSON.stringify({ ...this.workerWiring, ray });
    return {
      ...{ ...address, embedded: false },
      runtimeEnv: { ...this.runtimeEnv, py_modules: modules, env_vars: { DUET_SCRIPT: wiring } },
    };
  }

  async #started<T extends { readonly description: string }>(
    engine: "spark" | "ray",
    title: string,
    start: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { emit, signal } = this.#options;
    emit({ type: "engine", engine, state: "starting", detail: title });
    const address = await start(signal);
    emit({ type: "engine", engine, state: "ready", detail: address.description });
    return address;
  }
}

/** Why an engine cannot be had, for the script that asked for it: everything that a person needs, in one message. */
export function engineFailed(id: number, error: unknown): EngineFailed {
  const failure = failureOf(error);
  if (failure === undefined) {
    return { type: "engine-failed", id, code: "internal-error", message: String(error) };
  }
  const { code, message, help } = failure;
  const advice = help === undefined ? "" : `\n  = help: ${help}`;
  return { type: "engine-failed", id, code, message: `${message}${advice}` };
}
