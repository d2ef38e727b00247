import { spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isListening } from "./ask.ts";
import { ClusterError } from "./cluster-error.ts";
import type { Daemon } from "./daemons/daemon.ts";
import type { Layout } from "./layout.ts";
import { logTail } from "./log-tail.ts";
import { identify, isRunning, type ProcessIdentity } from "./processes.ts";

/** Between two questions to a daemon that starts, in milliseconds. */
const INTERVAL = 200;

/** How much of a broken daemon's log is shown. */
const LOG_LINES = 15;

/** The log of a daemon. */
export const daemonLog = ({ logs }: Layout, { name }: Daemon): string => join(logs, `${name}.log`);

/**
 * Starts a daemon, which then goes on without us, and waits until it answers; resolves with what it says.
 * `onProcess` is told its process before anything is waited for.
 * @throws {ClusterError} `daemon-not-started`, `daemon-ended`, `daemon-failed`, `daemon-timeout`
 */
export async function startDaemon(
  daemon: Daemon,
  layout: Layout,
  onProcess: (process: ProcessIdentity) => Promise<void>,
  signal: AbortSignal,
): Promise<string> {
  const identity = await launch(daemon, layout, signal);
  await onProcess(identity);
  const deadline = performance.now() + daemon.within;
  for (;;) {
    signal.throwIfAborted();
    const answer = await daemon.answer(signal);
    if (answer !== undefined) {
      await daemon.finish?.(signal);
      return answer;
    }
    if (!(await isRunning(identity))) throw await broken(daemon, layout, "daemon-ended", signal);
    const hopeless = await daemon.hopeless?.(signal);
    if (hopeless !== undefined) throw await broken(daemon, layout, "daemon-failed", signal);
    if (performance.now() > deadline) throw await broken(daemon, layout, "daemon-timeout", signal);
    await sleep(INTERVAL, undefined, { signal });
  }
}

/** Makes sure that a daemon can listen. @throws {ClusterError} `port-taken` */
export async function refuseTakenPorts({ title, ports }: Daemon): Promise<void> {
  for (const port of ports) {
    if (!(await isListening(port))) continue;
    throw new ClusterError({
      code: "port-taken",
      message: `${title} cannot listen on 127.0.0.1:${port}: another program does`,
      help: "end that program, or give the cluster other ports: `npm run cluster -- up --first-port N`",
    });
  }
}

async function launch(daemon: Daemon, layout: Layout, signal: AbortSignal): Promise<ProcessIdentity> {
  const command = await daemon.prepare(signal);
  await using log = await open(daemonLog(layout, daemon), "a", 0o600);
  const child = spawn(command.program, command.arguments, {
    cwd: command.workingDirectory,
    env: { ...process.env, ...command.environment },
    // In a process group of its own, so that the terminal's Ctrl-C does not reach it.
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
  });
  try {
    await once(child, "spawn");
  } catch (cause) {
    throw new ClusterError({
      code: "daemon-not-started",
      message: `${daemon.title} could not be started: ${(cause as Error).message}`,
      help: "run `npm run setup -- --cluster`",
      cause,
    });
  }
  child.unref();
  const identity = child.pid === undefined ? undefined : await identify(child.pid);
  if (identity === undefined) throw await broken(daemon, layout, "daemon-ended", signal);
  return identity;
}

async function broken(
  daemon: Daemon,
  layout: Layout,
  code: "daemon-ended" | "daemon-failed" | "daemon-timeout",
  signal: AbortSignal,
): Promise<ClusterError> {
  const log = daemonLog(layout, daemon);
  const what = {
    "daemon-ended": "ended while it was starting",
    "daemon-failed": "failed to start",
    "daemon-timeout": `did not answer within ${Math.round(daemon.within / 1000)} s`,
  }[code];
  return new ClusterError({
    code,
    message: `${daemon.title} ${what}`,
    help: `the lines above are its own (all of them: ${log}); mend what they name and run the same command again`,
    details: [...((await daemon.explain?.(signal)) ?? []), ...(await logTail(log, LOG_LINES))],
  });
}
