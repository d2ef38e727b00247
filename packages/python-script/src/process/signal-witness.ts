import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

/** The signals that end a command from outside. */
export type EndingSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/**
 * Tells each signal that it gets, until it reads `bye`. When its standard input ends without that, this process was
 * killed: whatever then still has the run ($1) in its environment is ended, a second later by asking, then by force.
 */
const PROGRAM = `
for s in INT TERM HUP; do trap "t=1; echo SIG$s" $s; done
while t=; do
  if read -r word; then [ "$word" = bye ] && exit 0; else [ "$t" ] || break; fi
done
trap '' INT TERM HUP
left() { grep -ls "$1" /proc/[0-9]*/environ 2>/dev/null | tr -dc '0-9\\n'; }
sleep 1
for s in TERM KILL; do
  for p in $(left "$1"); do kill -$s $p 2>/dev/null; done
  sleep 1
done`;

/** A signal to a group reaches all of its processes within this time. Milliseconds. */
const SAME_SIGNAL_MS = 60;

/**
 * A small process beside the script. It knows whether a signal went to the whole process group, as Ctrl-C in a terminal
 * does, or to this process alone, as `kill` does: nobody has a reason to signal the witness. The script is in the group
 * too; only in the second case must the signal be passed on, or it would get it twice. And it outlives this process:
 * after a `kill -9` nothing of the run is left.
 */
export class SignalWitness implements Disposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #seen = new Map<EndingSignal, number>();

  /** `mark` stands in the environment of the run's processes alone. */
  constructor(mark: string) {
    this.#child = spawn("/bin/sh", ["-c", PROGRAM, "duet-witness", mark], {
      stdio: ["pipe", "pipe", "ignore"],
    });
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
    this.#child.stdin.end("bye\n");
  }
}
