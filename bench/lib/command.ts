import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { root } from "./machine.ts";

/** How a command went: seconds from its start to the first match in what it printed, and to its end. */
export interface CommandTimes {
  readonly first: number;
  readonly total: number;
}

/** Runs a program to its end; rejects when it fails or when `wanted` is not in its standard output. */
export async function timeCommand(
  program: string,
  args: readonly string[],
  wanted: RegExp,
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandTimes> {
  const start = performance.now();
  const since = () => (performance.now() - start) / 1000;
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  let first = NaN;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (Number.isNaN(first) && wanted.test(output)) first = since();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-4000);
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0 || Number.isNaN(first)) {
    throw new Error(
      `${program} ${args.join(" ")} ended with ${String(code)}\n${output.slice(-2000)}${errors}`,
    );
  }
  return { first, total: since() };
}

/** A program that answers each line it gets with a line of JSON: a peer that stays warm. */
export interface Peer extends AsyncDisposable {
  /** Sends a request and gives the answer; rejects when the peer has ended. */
  ask(request: object): Promise<Readonly<Record<string, number>>>;
}

/** Starts a peer and waits for its first line, which says that it is ready. */
export async function startPeer(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Peer> {
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<Readonly<Record<string, number>>> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`${args.join(" ")} has ended`);
      if (!value.startsWith("{")) continue; // What libraries print on their own.
      return JSON.parse(value) as Readonly<Record<string, number>>;
    }
  };
  await answer();
  return {
    ask: (request) => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return answer();
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      const ended = once(child, "exit");
      child.stdin.end();
      await ended;
    },
  };
}
