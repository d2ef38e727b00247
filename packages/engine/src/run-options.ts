import type { EngineProvider } from "./engine-provider.ts";

/** What a run needs to know; nothing of it is in the script. */
export interface RunScriptOptions {
  /** The script's text. */
  readonly text: string;
  /** The script's name in messages, usually its path as the user gave it. */
  readonly file: string;
  readonly engines: EngineProvider;
  /** `$DUET_HOME`: warehouse, catalogue, environments and the temporary files of runs. */
  readonly home: string;
  /** A Python 3.10 or later that checks the Python blocks of a script before it runs. */
  readonly python: string;
  /** The directory with the `duet` Python package. */
  readonly pythonPath: string;
  /** Relative paths of the script count from here. */
  readonly workingDirectory: string;
  /** Cancels the run: Spark's operations are interrupted and Ray's tasks cancelled. */
  readonly signal?: AbortSignal;
  /** Variables that the script finds set. */
  readonly variables?: Readonly<Record<string, string>>;
}
