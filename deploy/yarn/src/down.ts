import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ClusterError } from "./cluster-error.ts";
import type { Daemon } from "./daemons/daemon.ts";
import { rayDirectory } from "./daemons/ray.ts";
import { inOrder, reversed } from "./in-order.ts";
import type { Layout } from "./layout.ts";
import { endTree, isRunning, processesIn, sendSignal } from "./processes.ts";
import type { RecordKeeper } from "./record.ts";

/** Ends daemons and all processes below them, each before those that it needs. @throws {ClusterError} `not-ended` */
export async function endDaemons(daemons: readonly Daemon[], record: RecordKeeper): Promise<void> {
  const names = new Set(daemons.map(({ name }) => name));
  const among = daemons.map((daemon) => ({
    ...daemon,
    after: daemon.after.filter((name) => names.has(name)),
  }));
  await inOrder(reversed(among), async ({ name, title, grace, endSignal }) => {
    const process = record.daemons[name];
    if (process !== undefined && (await isRunning(process))) {
      if (endSignal !== undefined) await sendSignal(process, endSignal);
      if (!(await endTree(process, grace)))
        throw new ClusterError({
          code: "not-ended",
          message: `${title} (process ${process.pid}) does not end, not even by SIGKILL`,
          help: "the system holds it (a broken disk or network file system?); run `npm run cluster -- down` again",
        });
    }
    await record.remove(name);
  });
}

/**
 * Ends the cluster: its daemons, and what works in its folder yet. Then removes the folder, but for its tables and
 * files where `keepData` says so.
 */
export async function down(
  daemons: readonly Daemon[],
  layout: Layout,
  record: RecordKeeper,
  keepData: boolean,
): Promise<void> {
  await endDaemons(daemons, record);
  // Containers of a NodeManager that was killed go on without it.
  const left = await processesIn(layout.home);
  await Promise.all(left.map((process) => endTree(process, 1_000)));
  const gone = keepData ? temporaryFolders(layout) : [layout.home];
  for (const folder of [...gone, rayDirectory(layout)])
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** What no later `up` needs. */
const temporaryFolders = ({ data, logs }: Layout): readonly string[] => [
  ...["hadoop", "nodemanager", "spark", "spark-1", "spark-2"].map((name) => join(data, name)),
  logs,
];
