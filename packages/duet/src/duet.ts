import { readFile } from "node:fs/promises";
import { type RunEvent, runScript } from "@duet/engine";
import { EmbeddedEngines } from "./embedded/embedded-engines.ts";
import { duetHome, ensureHome, environmentPython, pythonPath } from "./embedded/installation.ts";
import { sizeOf } from "./embedded/ray-size.ts";
import type { RaySize, RayTarget, SparkTarget } from "./embedded/targets.ts";

/** Where Duet's engines are. Left out: the embedded ones, those of `duet up` where they are up. */
export interface ConnectOptions extends RaySize {
  readonly spark?: SparkTarget;
  readonly ray?: RayTarget;
  /** `$DUET_HOME`; left out: the environment's, else `~/.duet`. */
  readonly home?: string;
}

/** What to run: a script's file, or its text and the name that messages give it. */
export type RunOptions = (
  { readonly file: string; readonly text?: never } | { readonly text: string; readonly file?: string }
) & {
  /** Relative paths of the script count from here; left out: the process's working directory. */
  readonly workingDirectory?: string;
  /** Variables that the script finds set. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Cancels the run: Spark's operations are interrupted and Ray's tasks cancelled. */
  readonly signal?: AbortSignal;
};

/** Engines that scripts run on. They start when a script first needs them and end when this is disposed. */
export interface DuetConnection extends AsyncDisposable {
  /**
   * Runs a script. What is wrong with it is told by `diagnostic` events; the last event is `run-finished`. A reader
   * that stops reading cancels the run. Rejects only when the file cannot be read.
   */
  run(options: RunOptions): AsyncIterable<RunEvent>;
}

class EmbeddedConnection implements DuetConnection {
  readonly #engines: EmbeddedEngines;
  readonly #home: string;
  readonly #python: string;

  constructor(options: ConnectOptions & { readonly home: string }) {
    this.#python = environmentPython(".venv");
    this.#home = options.home;
    this.#engines = new EmbeddedEngines({
      home: this.#home,
      spark: options.spark ?? { kind: "sail" },
      ray: options.ray ?? { kind: "local" },
      ...sizeOf(options),
    });
  }

  async *run(options: RunOptions): AsyncIterable<RunEvent> {
    const text = options.text ?? (await readFile(options.file, "utf8"));
    const { signal, variables } = options;
    yield* runScript({
      text,
      file: options.file ?? "<script>",
      engines: this.#engines,
      home: this.#home,
      python: this.#python,
      pythonPath,
      workingDirectory: options.workingDirectory ?? process.cwd(),
      ...(signal === undefined ? {} : { signal }),
      ...(variables === undefined ? {} : { variables }),
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#engines[Symbol.asyncDispose]();
  }
}

/**
 * Duet from TypeScript:
 *
 *     await using d = await duet.connect();
 *     for await (const event of d.run({ file: "train.mlsql" })) console.log(event.type);
 */
export const duet = {
  /** Prepares the engines; none is started before a script needs it. @throws {EngineStartError} `not-set-up`, `home-unusable` */
  async connect(options: ConnectOptions = {}): Promise<DuetConnection> {
    const home = options.home ?? duetHome();
    await ensureHome(home);
    return new EmbeddedConnection({ ...options, home });
  },
};
