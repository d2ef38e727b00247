import { exitCode, signalExitCode } from "./exit-code.ts";

/** The reason of an aborted signal when a person or the system ended the command. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly exitCode: number;
  /** The signal that ended it, or the one that means the same. */
  readonly signal: "SIGHUP" | "SIGINT" | "SIGTERM";

  constructor(message: string, code: number, signal: "SIGHUP" | "SIGINT" | "SIGTERM") {
    super(message);
    this.exitCode = code;
    this.signal = signal;
  }
}

/** One press of Ctrl-C may arrive twice: from the terminal, and passed on by npx or our launcher. Milliseconds. */
const SAME_PRESS_MS = 150;
/** A command that has not ended this long after it was told to is ended by force. Milliseconds. */
const PATIENCE_MS = 20_000;

/** What happens at the first Ctrl-C and at the second. */
export interface InterruptionOptions {
  /** The command is told to stop by the signal; say so. */
  readonly onFirst: (reason: Interrupted) => void;
  /** The person does not want to wait: end everything at once. The process exits afterwards. */
  readonly onForce: () => void;
  /** Milliseconds from the first to being ended by force, asked for at the first; by default 20 s. */
  readonly patience?: () => number;
}

/**
 * Turns everything that ends a command from outside into an abort: Ctrl-C, SIGTERM, a closed terminal, a reader
 * of our output that has gone, the death of the launcher. Dispose it to give the signals back.
 */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #options: InterruptionOptions;
  readonly #undo: (() => void)[] = [];
  #first = 0;

  constructor(options: InterruptionOptions) {
    this.#options = options;
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      const handle = (): void => {
        const message = name === "SIGINT" ? "interrupted" : `ended by ${name}`;
        this.#interrupt(new Interrupted(message, signalExitCode(name), name));
      };
      process.on(name, handle);
      this.#undo.push(() => process.off(name, handle));
    }
    const launcherGone = (): void => {
      this.#interrupt(new Interrupted("the launcher has gone", signalExitCode("SIGHUP"), "SIGHUP"));
    };
    process.on("disconnect", launcherGone);
    process.channel?.unref();
    this.#undo.push(() => process.off("disconnect", launcherGone));
    for (const stream of [process.stdout, process.stderr]) {
      const handle = (error: NodeJS.ErrnoException): void => {
        const message = `output cannot be written (${error.code ?? error.message})`;
        this.#interrupt(new Interrupted(message, exitCode.pipeClosed, "SIGTERM"));
      };
      stream.on("error", handle);
      this.#undo.push(() => stream.off("error", handle));
    }
  }

  /** Aborted, with an {@link Interrupted} as its reason, when the command is to stop. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit code of an interrupted command; undefined when nobody interrupted it. */
  get exitCode(): number | undefined {
    return this.reason?.exitCode;
  }

  /** What interrupted the command; undefined when nobody did. */
  get reason(): Interrupted | undefined {
    const reason: unknown = this.signal.aborted ? this.signal.reason : undefined;
    return reason instanceof Interrupted ? reason : undefined;
  }

  [Symbol.dispose](): void {
    for (const undo of this.#undo) undo();
  }

  #interrupt(reason: Interrupted): void {
    const now = performance.now();
    if (!this.signal.aborted) {
      this.#first = now;
      this.#options.onFirst(reason);
      this.#controller.abort(reason);
      setTimeout(() => {
        this.#force(reason);
      }, this.#options.patience?.() ?? PATIENCE_MS).unref();
    } else if (reason.exitCode !== exitCode.pipeClosed && now - this.#first > SAME_PRESS_MS) {
      this.#force(reason);
    }
  }

  #force(reason: Interrupted): void {
    this.#options.onForce();
    process.exit(reason.exitCode);
  }
}
