import { exitCode, signalExitCode } from "./exit-code.ts";

/** The reason of an aborted signal when a person or the system ended the command. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly exitCode: number;

  constructor(message: string, code: number) {
    super(message);
    this.exitCode = code;
  }
}

/** One press of Ctrl-C may arrive twice: from the terminal, and passed on by npx or our launcher. Milliseconds. */
const SAME_PRESS_MS = 150;
/** A run that has not ended this long after it was told to is ended by force. Milliseconds. */
const PATIENCE_MS = 20_000;

/** What happens at the first Ctrl-C and at the second. */
export interface InterruptionOptions {
  /** The command is told to stop by the signal; say so. */
  readonly onFirst: (reason: Interrupted) => void;
  /** The person does not want to wait: end everything at once. The process exits afterwards. */
  readonly onForce: () => void;
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
        this.#interrupt(
          new Interrupted(name === "SIGINT" ? "interrupted" : `ended by ${name}`, signalExitCode(name)),
        );
      };
      process.on(name, handle);
      this.#undo.push(() => process.off(name, handle));
    }
    const launcherGone = (): void => {
      this.#interrupt(new Interrupted("the launcher has gone", signalExitCode("SIGHUP")));
    };
    process.on("disconnect", launcherGone);
    process.channel?.unref();
    this.#undo.push(() => process.off("disconnect", launcherGone));
    for (const stream of [process.stdout, process.stderr]) {
      const handle = (error: NodeJS.ErrnoException): void => {
        this.#interrupt(
          new Interrupted(`output cannot be written (${error.code ?? error.message})`, exitCode.pipeClosed),
        );
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
    const reason: unknown = this.signal.aborted ? this.signal.reason : undefined;
    return reason instanceof Interrupted ? reason.exitCode : undefined;
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
      }, PATIENCE_MS).unref();
    } else if (reason.exitCode !== exitCode.pipeClosed && now - this.#first > SAME_PRESS_MS) {
      this.#force(reason);
    }
  }

  #force(reason: Interrupted): void {
    this.#options.onForce();
    process.exit(reason.exitCode);
  }
}
