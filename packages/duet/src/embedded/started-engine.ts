import type { ProcessIdentity } from "./process-identity.ts";

/** An embedded engine that answers, whoever started it. */
export interface StartedEngine extends AsyncDisposable {
  /** `sc://127.0.0.1:port` or `http://127.0.0.1:port` */
  readonly url: string;
  /** Of the bridge to Ray. */
  readonly token?: string;
  /** Of Ray: `host:port` of its control service (GCS), and the file with its own token. */
  readonly gcsAddress?: string;
  readonly tokenPath?: string;
  /** Of a gateway: its admin listener, and the kind of its drivers where runs may take it for their Spark. */
  readonly adminUrl?: string;
  readonly spark?: "sail" | "apache";
  /** For people: `Sail 0.7.2`. */
  readonly description: string;
  /** The process whose end ends the engine. */
  readonly process: ProcessIdentity;
  /** Kills it at once, without waiting. */
  kill(): void;
}

/** What the start of any embedded engine needs to know. */
export interface EngineStart {
  /** `$DUET_HOME` */
  readonly home: string;
  /** An existing directory of the engine's own for logs and temporary files. */
  readonly directory: string;
  /** `parent`: it ends with this process, kill -9 included; `itself`: it stays (`duet up`). */
  readonly lifetime: "parent" | "itself";
  /** The port to listen on; absent: any free one. */
  readonly port?: number;
  /** Of a gateway: the kind of its drivers; by default Sail. */
  readonly spark?: "sail" | "apache";
  readonly signal: AbortSignal;
  /** Called as soon as there is a process, long before it answers. */
  readonly onProcess?: (process: ProcessIdentity) => Promise<void>;
}
