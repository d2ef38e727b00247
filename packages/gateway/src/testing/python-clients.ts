import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PYTHON } from "./test-drivers.ts";

/** Sessions of the stock client that are asked whether they still have all that they were given. */
export const SESSION_CLIENTS = join(import.meta.dirname, "session_clients.py");

/** Stock clients that read and write without a pause. */
export const BUSY_CLIENTS = join(import.meta.dirname, "busy_clients.py");

/** What a program answers. */
export type ClientAnswer = Readonly<Record<string, number>>;

/** A running program of stock clients. */
export interface PythonClients extends AsyncDisposable {
  /** Sends a request and gives the answer; rejects, with what the clients have told, when the program has ended. */
  ask(request: object): Promise<ClientAnswer>;
  /** What the clients have told on standard error. */
  told(): string;
}

/** Starts a program and waits for its first line. */
export async function startPythonClients(
  program: string,
  ...parameters: readonly string[]
): Promise<PythonClients> {
  const child = spawn(PYTHON, [program, ...parameters], { stdio: ["pipe", "pipe", "pipe"] });
  let told = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (told += text));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<ClientAnswer> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${program} has ended: ${told}`);
    return JSON.parse(value) as ClientAnswer;
  };
  const clients: PythonClients = {
    ask: (request) => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return answer();
    },
    told: () => told,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
  await answer();
  return clients;
}
