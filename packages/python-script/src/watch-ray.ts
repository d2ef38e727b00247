import type { EventBody } from "@duet/engine";
import type { RayClient } from "@duet/ray";
import type { ScriptEvents } from "./events/script-events.ts";
import type { ScriptRayAddress } from "./script-options.ts";

/** What a watch needs of a run. */
export interface RayWatchOptions {
  readonly run: string;
  readonly events: ScriptEvents;
  readonly emit: (event: EventBody) => void;
  readonly signal: AbortSignal;
}

/**
 * Watches the Ray jobs of a script's processes through the bridge. Disposing it waits until the jobs have ended, a few
 * seconds at most, and tells what happened last.
 */
export class RayWatch implements AsyncDisposable {
  readonly #options: RayWatchOptions;
  #client: Promise<RayClient | undefined> | undefined;
  #forwarding: Promise<void> | undefined;

  constructor(options: RayWatchOptions) {
    this.#options = options;
  }

  /** Connects to the bridge, so that a job can be watched from its first moment. */
  connect(address: Promise<ScriptRayAddress>): void {
    if (this.#client !== undefined) return;
    // A Ray that cannot be reached is told to the script, which asks for it.
    this.#client = this.#connect(address).catch(() => undefined);
  }

  /** A process of the script is the driver of this job. */
  async watch(job: string): Promise<void> {
    const client = await this.#client;
    client?.watchJob(this.#options.run, job);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const client = await this.#client;
    if (client === undefined) return;
    try {
      await client.endRun(this.#options.run);
      await this.#forwarding;
    } catch (error) {
      // With a lost Ray everything on it has ended.
      const { RayError } = await import("@duet/ray");
      if (!(error instanceof RayError && error.code === "ray-lost")) throw error;
    } finally {
      await client[Symbol.asyncDispose]();
    }
  }

  async #connect(address: Promise<ScriptRayAddress>): Promise<RayClient | undefined> {
    const { run, signal } = this.#options;
    const [{ connectRay }, { url, token }] = await Promise.all([import("@duet/ray"), address]);
    if (url === undefined || token === undefined) return undefined;
    const client = await connectRay({ url, token, signal });
    this.#forwarding = this.#forward(client.events({ run }));
    // It is looked at again at the end.
    this.#forwarding.catch(() => undefined);
    return client;
  }

  async #forward(events: ReturnType<RayClient["events"]>): Promise<void> {
    for await (const event of events) {
      if (event.type === "task") this.#options.events.rayTask(event);
      else if (event.type === "environment") this.#options.events.rayEnvironment(event);
      else if (event.type === "note") this.#options.events.note(event.text);
      else this.#options.emit({ type: "log", stream: event.stream, text: event.text });
    }
  }
}
