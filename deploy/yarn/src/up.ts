import { rm } from "node:fs/promises";
import type { Daemon } from "./daemons/daemon.ts";
import { endDaemons } from "./down.ts";
import { inOrder } from "./in-order.ts";
import type { Layout } from "./layout.ts";
import { isRunning } from "./processes.ts";
import type { RecordKeeper } from "./record.ts";
import { writeSettings } from "./settings/write-settings.ts";
import { daemonLog, startDaemon } from "./start-daemon.ts";

/** What `up` tells of a daemon as it goes. */
export type UpEvent =
  | { readonly type: "starting"; readonly daemon: Daemon }
  | { readonly type: "ready"; readonly daemon: Daemon; readonly milliseconds: number }
  | { readonly type: "already-running"; readonly daemon: Daemon };

/**
 * Starts what does not run, and leaves alone what answers. When something fails, what this call has started is ended
 * again; the logs stay.
 * @throws {ClusterError}
 */
export async function up(
  daemons: readonly Daemon[],
  layout: Layout,
  record: RecordKeeper,
  tell: (event: UpEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  await writeSettings(layout);
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const started: Daemon[] = [];
  try {
    let first: unknown;
    await inOrder(daemons, async (daemon) => {
      try {
        if (await answersAlready(daemon, record, either)) {
          tell({ type: "already-running", daemon });
          return;
        }
        const since = performance.now();
        tell({ type: "starting", daemon });
        await rm(daemonLog(layout, daemon), { force: true });
        started.push(daemon);
        await startDaemon(daemon, layout, (process) => record.set(daemon.name, process), either);
        tell({ type: "ready", daemon, milliseconds: performance.now() - since });
      } catch (error) {
        // What else is starting is told to stop, and its own failure by that is not the one to show.
        first ??= error;
        failed.abort(first);
        throw first;
      }
    });
  } catch (error) {
    await endDaemons(started, record);
    throw error;
  }
}

/** Whether a daemon of this cluster runs and answers. One that runs and does not is ended, to be started anew. */
async function answersAlready(daemon: Daemon, record: RecordKeeper, signal: AbortSignal): Promise<boolean> {
  const process = record.daemons[daemon.name];
  if (process === undefined || !(await isRunning(process))) return false;
  if ((await daemon.answer(signal)) !== undefined) return true;
  await endDaemons([daemon], record);
  return false;
}
