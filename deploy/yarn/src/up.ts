import { rm } from "node:fs/promises";
import type { Daemon } from "./daemons/daemon.ts";
import { endDaemons } from "./down.ts";
import { inOrder } from "./in-order.ts";
import type { Layout } from "./layout.ts";
import { isRunning } from "./processes.ts";
import type { RecordKeeper } from "./record.ts";
import { writeSettings } from "./settings/write-settings.ts";
import { daemonLog, refuseTakenPorts, startDaemon } from "./start-daemon.ts";

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
  const running = new Set<Daemon>();
  for (const daemon of daemons) if (await answersAlready(daemon, record, signal)) running.add(daemon);
  for (const daemon of daemons) if (!running.has(daemon)) await refuseTakenPorts(daemon);
  // What else is starting when one of them fails is told to stop.
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const started: Daemon[] = [];
  try {
    await inOrder(daemons, async (daemon) => {
      if (running.has(daemon)) {
        tell({ type: "already-running", daemon });
        return;
      }
      started.push(daemon);
      try {
        await startAndTell(daemon, layout, record, tell, either);
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    });
  } catch (error) {
    await endDaemons(started, record);
    // Of an interrupted start each daemon says only that it was interrupted.
    signal.throwIfAborted();
    throw error;
  }
}

async function startAndTell(
  daemon: Daemon,
  layout: Layout,
  record: RecordKeeper,
  tell: (event: UpEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const since = performance.now();
  tell({ type: "starting", daemon });
  await rm(daemonLog(layout, daemon), { force: true });
  await startDaemon(daemon, layout, (process) => record.set(daemon.name, process), signal);
  tell({ type: "ready", daemon, milliseconds: performance.now() - since });
}

/** Whether a daemon of this cluster runs and answers. One that runs and does not is ended, to be started anew. */
async function answersAlready(daemon: Daemon, record: RecordKeeper, signal: AbortSignal): Promise<boolean> {
  const process = record.daemons[daemon.name];
  if (process === undefined || !(await isRunning(process))) return false;
  if ((await daemon.answer(signal)) !== undefined) return true;
  await endDaemons([daemon], record);
  return false;
}
