/** How a daemon is started. */
export interface DaemonCommand {
  readonly program: string;
  readonly arguments: readonly string[];
  /** Added to the environment of `up`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
}

/** A program of the cluster that runs until it is ended. */
export interface Daemon {
  /** Names its record and its log: `namenode`. */
  readonly name: string;
  /** For people: `HDFS NameNode`. */
  readonly title: string;
  /** Where clients reach it. */
  readonly address: string;
  /** What must not be taken when it starts; the first is the one that its clients know. */
  readonly ports: readonly number[];
  /** Names of daemons that must answer before it is started, and that are ended after it. */
  readonly after: readonly string[];
  /** Milliseconds from its start to its first answer. */
  readonly within: number;
  /** Milliseconds that it has to end by itself before it is killed. */
  readonly grace: number;
  /** What tells it to end; by default SIGTERM. */
  readonly endSignal?: NodeJS.Signals;
  /** Makes what it needs before its first start, and says how it is started. */
  prepare(signal: AbortSignal): Promise<DaemonCommand>;
  /** A real question to it: resolves with what it says about itself, or undefined while it does not answer well. */
  answer(signal: AbortSignal): Promise<string | undefined>;
  /** Why it will never answer although it runs, in its own words; undefined while it may. */
  hopeless?(signal: AbortSignal): Promise<readonly string[] | undefined>;
  /** Work on it that follows its first answer. */
  finish?(signal: AbortSignal): Promise<void>;
  /** What keeps it from answering, in its own words, where its log does not say so. */
  explain?(signal: AbortSignal): Promise<readonly string[]>;
}
