import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

/** The signals that end a command from outside. */
export type EndingSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** Tells each signal that it gets, and ends with its standard input. */
const PROGRAM =
  'for s in INT TERM HUP; do trap "t=1; echo SIG$s" $s; done; ' +
  'while t=; do read -r _ || [ "$t" ] || exit 0; done';

/** A signal to a group reaches all of its processes within this time. Milliseconds. */
const SAME_SIGNAL_MS = 60;

/**
 * Knows whether a signal went to the whole process group, as Ctrl-C in a terminal does, or to this process alone, as
 * `kill` does: a process of the group that nobody else has a reason to signal. The script is in the group too; only
 * in the second case must the signal be passed on, or it would get it twice.
 */
export class SignalWitness implements Disposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #seen = new Map<EndingSignal, number>();

  constructor() {
    this.#child = spawn("/bin/sh", ["-c", PROGRAM], { stdio: ["pipe", "pipe", "ignore"] });
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => {
      for (const name of text.trim().split("\n")) this.#seen.set(name as EndingSignal, performance.now());
    });
    // Without a witness every signal is passed on: twice is better than never.
    this.#child.on("error", () => undefined);
    this.#child.stdin.on("error", () => undefined);
    this.#child.unref();
  }

  /** Whether a signal that this process has got just now went to the whole group. */
  async sawToo(signal: EndingSignal): Promise<boolean> {
    const earliest = performance.now() - SAME_SIGNAL_MS;
    for (let waited = 0; waited <= SAME_SIGNAL_MS; waited += 10) {
      if ((this.#seen.get(signal) ?? 0) > earliest) return true;
      await sleep(10);
    }
    return false;
  }

  [Symbol.dispose](): void {
    this.#child.stdin.end();
  }
}
