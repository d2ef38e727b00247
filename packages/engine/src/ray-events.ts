import type { RayClient } from "@duet/ray";
import type { EventBody } from "./run-event.ts";

/** What takes the events: a run. */
export interface RayEventTarget {
  readonly id: string;
  /** The steps of the tasks that the run has submitted, by task id. */
  readonly rayTasks: ReadonlyMap<string, { readonly step: number; readonly group?: number }>;
  emit(event: EventBody): void;
}

/** Puts what Ray tells of a run's tasks onto the run's stream, until `signal` is aborted. */
export async function forwardRayEvents(
  run: RayEventTarget,
  client: RayClient,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const event of client.events({ run: run.id, signal })) {
      // The others are of watched jobs, and a run of statements watches none.
      if (event.type !== "task" && event.type !== "log") continue;
      const place = event.root === undefined ? undefined : run.rayTasks.get(event.root);
      if (event.type === "log") {
        run.emit({
          type: "log",
          ...(place === undefined ? {} : { step: place.step }),
          ...(place?.group === undefined ? {} : { group: place.group }),
          stream: event.stream,
          text: event.text,
        });
      } else if (place !== undefined) {
        const { task, name, state, resources, parent, node, error } = event;
        run.emit({
          type: "ray-task",
          step: place.step,
          task,
          name,
          state,
          resources,
          ...(parent === undefined ? {} : { parent }),
          ...(node === undefined ? {} : { node }),
          ...(error === undefined ? {} : { error }),
        });
      }
    }
  } catch (error) {
    // A lost Ray is told by the task that waits for it; the stream of events has nothing to add.
    if (!signal.aborted && run.rayTasks.size === 0) throw error;
  }
}
