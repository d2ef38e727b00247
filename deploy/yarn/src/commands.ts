import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ClusterError } from "./cluster-error.ts";
import { clusterDaemons } from "./cluster-daemons.ts";
import { down } from "./down.ts";
import { findJavaHome } from "./find-java.ts";
import { clusterHome, layoutOf } from "./layout.ts";
import { DEFAULT_FIRST_PORT, PORT_COUNT } from "./ports.ts";
import { readRecord, RecordKeeper } from "./record.ts";
import { clusterStatus, statusTable } from "./status.ts";
import { up, type UpEvent } from "./up.ts";
import { withClaim } from "../../../packages/duet/src/embedded/claim.ts";

/** What the command line says beside the command. */
export interface CommandOptions {
  readonly firstPort: string | undefined;
  readonly keepData: boolean;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

/** Carries out a command; resolves with the exit code. @throws {ClusterError} */
export async function runCommand(words: readonly string[], options: CommandOptions): Promise<number> {
  const [command, ...rest] = words;
  const known = { up: upCommand, down: downCommand, status: statusCommand, test: testCommand };
  if (command === undefined || !(command in known) || rest.length > 0)
    throw new ClusterError({
      code: "unknown-command",
      message: command === undefined ? "no command" : `unknown command: ${words.join(" ")}`,
      help: `say one of ${Object.keys(known).join(", ")}; --help says more`,
    });
  const work = known[command as keyof typeof known];
  if (work === statusCommand) return await work(options);
  // Two of them at once would start daemons twice, or end what the other starts.
  return await withClaim(`${clusterHome()}.lock`, options.signal, () => work(options));
}

/** The cluster of $DUET_HOME, as its record says it or as it will be. */
async function openCluster({ firstPort }: CommandOptions) {
  const home = clusterHome();
  const record = await readRecord(home);
  const wanted = firstPort === undefined ? undefined : parsePort(firstPort);
  const moved = wanted !== undefined && record !== undefined && wanted !== record.firstPort;
  if (moved && Object.keys(record.daemons).length > 0)
    throw new ClusterError({
      code: "cluster-runs",
      message: `the cluster in ${home} has the ports from ${record.firstPort} on`,
      help: "end it before you give it others: `npm run cluster -- down`",
    });
  const first = wanted ?? record?.firstPort ?? DEFAULT_FIRST_PORT;
  const layout = layoutOf(home, first, await findJavaHome());
  const keeper = new RecordKeeper(home, { firstPort: first, daemons: record?.daemons ?? {} });
  return { home, layout, record, keeper, daemons: clusterDaemons(layout) };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1024 && port + PORT_COUNT <= 65_536) return port;
  throw new ClusterError({
    code: "wrong-port",
    message: `--first-port ${text} is no port from which ${PORT_COUNT} are free for the cluster`,
    help: `give a number from 1024 to ${65_536 - PORT_COUNT}`,
  });
}

async function upCommand(options: CommandOptions): Promise<number> {
  const since = performance.now();
  const { home, layout, keeper, daemons } = await openCluster(options);
  await mkdir(home, { recursive: true, mode: 0o700 });
  let starting = 0;
  const tell = (event: UpEvent): void => {
    if (event.type === "starting") starting += 1;
    const line = eventLine(event);
    if (line !== undefined) console.error(line);
  };
  await up(daemons, layout, keeper, tell, options.signal);
  const seconds = Math.round((performance.now() - since) / 1000);
  console.error(starting === 0 ? "Everything runs already." : `Ready after ${seconds} s.`);
  await statusCommand(options);
  if (!options.json) console.log(`settings   ${layout.configuration}\nlogs       ${layout.logs}`);
  return 0;
}

function eventLine(event: UpEvent): string | undefined {
  const { title, address } = event.daemon;
  switch (event.type) {
    case "starting":
      return undefined;
    case "ready":
      return `${title} is ready at ${address} (${(event.milliseconds / 1000).toFixed(1)} s)`;
    case "already-running":
      return `${title} runs already at ${address}`;
  }
}

async function statusCommand(options: CommandOptions): Promise<number> {
  const { layout, daemons } = await openCluster({ ...options, firstPort: undefined });
  const record = await readRecord(layout.home);
  const statuses = await clusterStatus(daemons, layout, record, options.signal);
  console.log(
    options.json ? JSON.stringify({ ...layout, daemons: statuses }, null, 2) : statusTable(statuses),
  );
  return statuses.every(({ state }) => state === "ready") ? 0 : 3;
}

async function downCommand(options: CommandOptions): Promise<number> {
  const { layout, keeper, daemons } = await openCluster({ ...options, firstPort: undefined });
  await down(daemons, layout, keeper, options.keepData);
  console.error(
    options.keepData
      ? `The cluster is down; its data is in ${layout.data}.`
      : "The cluster is down, and nothing is left of it.",
  );
  return 0;
}

async function testCommand(options: CommandOptions): Promise<number> {
  const before = await readRecord(clusterHome());
  const ran = Object.keys(before?.daemons ?? {}).length > 0;
  await upCommand(options);
  const files = globSync(join(import.meta.dirname, "*.cluster.test.ts"));
  const arguments_ = ["--test", "--test-reporter=spec", "--test-concurrency=1", ...files];
  const child = spawn(process.execPath, arguments_, { stdio: "inherit" });
  const [code] = (await once(child, "exit")) as [number | null];
  if (!ran) await downCommand(options);
  return code ?? 1;
}
