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

/** Which Python script to run, and how. */
export interface PythonRunOptions {
  /** The script's path; a relative one counts from the working directory. */
  readonly file: string;
  /** Its arguments: `sys.argv[1:]`. */
  readonly args?: readonly string[];
  /** The script's working directory; left out: the process's own. */
  readonly workingDirectory?: string;
  /** More environment variables for it. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A conda YAML, a requirements file or a `pyproject.toml`; left out: the script's own metadata, else Duet's packages. */
  readonly environmentFile?: string;
  /** The Python that runs it. */
  readonly python?: string;
  /** A Spark driver in the script's own process; left out: the connection's Spark, or `classic` for a script with RDDs. */
  readonly spark?: "classic";
  /** Where what it prints goes: into `log` events (the default), or where this process prints. */
  readonly output?: "events" | "inherit";
  /** Stops it: it gets SIGINT, its Spark operations are interrupted and its Ray tasks cancelled. */
  readonly signal?: AbortSignal;
}

/** Engines that scripts run on. They start when a script first needs them and end when this is disposed. */
export interface DuetConnection extends AsyncDisposable {
  /**
   * Runs a script. What is wrong with it is told by `diagnostic` events; the last event is `run-finished`. A reader
   * that stops reading cancels the run. Rejects only when the file cannot be read.
   */
  run(options: RunOptions): AsyncIterable<RunEvent>;
  /**
   * Runs a Python script as `python file args…` would. The last event is `run-finished` with its exit code; why it could
   * not be started is told by `diagnostic` events. A reader that stops reading stops it.
   */
  runPython(options: PythonRunOptions): AsyncIterable<RunEvent>;
}

class EmbeddedConnection implements DuetConnection {
  readonly #engines: EmbeddedEngines;
  readonly #home: string;
  readonly #python: string;
  readonly #spark: SparkTarget["kind"] | undefined;

  constructor(options: ConnectOptions & { readonly home: string }) {
    this.#python = environmentPython(".venv");
    this.#home = options.home;
    this.#spark = options.spark?.kind;
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

  async *runPython(options: PythonRunOptions): AsyncIterable<RunEvent> {
    const { file: script, args = [], workingDirectory = process.cwd(), output = "events" } = options;
    const { environment, environmentFile, python: interpreter, signal } = options;
    const spark = options.spark ?? this.#spark;
    const { runPythonScript } = await import("@duet/python-script");
    yield* runPythonScript({
      ...{ script, arguments: args, workingDirectory, output, stdin: "ignore", engines: this.#engines },
      installation: { python: this.#python, pythonPath, home: this.#home },
      classic: async () => (await import("./embedded/classic.ts")).classicSpark(this.#home),
      ...(spark === undefined ? {} : { spark }),
      ...(environment === undefined ? {} : { environment }),
      ...(environmentFile === undefined ? {} : { environmentFile }),
      ...(interpreter === undefined ? {} : { interpreter }),
      ...(signal === undefined ? {} : { signal }),
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
 *     for await (const event of d.runPython({ file: "train.py", args: ["--epochs", "3"] })) console.log(event.type);
 */
export const duet = {
  /** Prepares the engines; none is started before a script needs it. @throws {EngineStartError} `not-set-up`, `home-unusable` */
  async connect(options: ConnectOptions = {}): Promise<DuetConnection> {
    const home = options.home ?? duetHome();
    await ensureHome(home);
    return new EmbeddedConnection({ ...options, home });
  },
};
