import Table from "cli-table3";
import colours from "picocolors";
import type { Daemon } from "./daemons/daemon.ts";
import { daemonLog } from "./start-daemon.ts";
import type { Layout } from "./layout.ts";
import { isRunning, memoryOf } from "./processes.ts";
import type { ClusterRecord } from "./record.ts";

/**
 * How a daemon is:
 * - `ready`: it runs and answers;
 * - `silent`: it runs and does not answer a real question;
 * - `ended`: it was started and has ended by itself;
 * - `down`: it was not started.
 */
export type DaemonState = "ready" | "silent" | "ended" | "down";

/** What `status` tells of a daemon. */
export interface DaemonStatus {
  readonly name: string;
  readonly title: string;
  readonly state: DaemonState;
  readonly address: string;
  readonly pid: number | undefined;
  /** Bytes, with all processes below it: a NodeManager's containers, Ray's workers. */
  readonly memory: number;
  readonly log: string;
  /** What it says about itself. */
  readonly says: string;
}

/** Asks all daemons. */
export function clusterStatus(
  daemons: readonly Daemon[],
  layout: Layout,
  record: ClusterRecord | undefined,
  signal: AbortSignal,
): Promise<readonly DaemonStatus[]> {
  return Promise.all(
    daemons.map(async (daemon): Promise<DaemonStatus> => {
      const process = record?.daemons[daemon.name];
      const running = process !== undefined && (await isRunning(process));
      const answer = running ? await daemon.answer(signal) : undefined;
      const state = running ? (answer === undefined ? "silent" : "ready") : process ? "ended" : "down";
      return {
        ...{ name: daemon.name, title: daemon.title, state, address: daemon.address },
        pid: running ? process.pid : undefined,
        memory: running ? await memoryOf(process) : 0,
        log: daemonLog(layout, daemon),
        says: answer ?? "",
      };
    }),
  );
}

const COLOURS: Readonly<Record<DaemonState, (text: string) => string>> = {
  ready: colours.green,
  silent: colours.yellow,
  ended: colours.red,
  down: colours.dim,
};

/** The table of what runs where, as a terminal shows it. */
export function statusTable(statuses: readonly DaemonStatus[]): string {
  const table = new Table({
    head: ["", "state", "address", "process", "MB", ""],
    colAligns: ["left", "left", "left", "right", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  for (const { title, state, address, pid, memory, says } of statuses) {
    const megabytes = memory > 0 ? Math.round(memory / 1e6).toLocaleString("en") : "";
    table.push([title, COLOURS[state](state), address, pid ?? "", megabytes, colours.dim(says)]);
  }
  const all = statuses.reduce((sum, { memory }) => sum + memory, 0);
  return `${table.toString()}\n${Math.round(all / 1e6).toLocaleString("en")} MB in all`;
}
