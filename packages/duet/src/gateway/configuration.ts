import type { IdentityOptions, LimitOptions, StoreOptions, TlsOptions } from "@duet/gateway";
import type { HostPort } from "./units.ts";

/** Where a driver comes from. */
export type DriverSource =
  | {
      readonly kind: "sail";
      /** Bytes that its queries may take together. */
      readonly memory: number;
      readonly environment: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: "spark";
      /** The version that is installed and run; undefined: the one of set-up. */
      readonly version: string | undefined;
      /** A folder with `bin/spark-submit`, in place of an installed version. */
      readonly home: string | undefined;
      readonly master: string;
      readonly settings: Readonly<Record<string, string>>;
      readonly environment: Readonly<Record<string, string>>;
    }
  | { readonly kind: "address"; readonly address: HostPort; readonly version: string | undefined };

/** One driver of a gateway. */
export interface ConfiguredDriver {
  readonly id: string;
  readonly pool: string;
  /** Sessions at once. */
  readonly capacity: number;
  readonly source: DriverSource;
}

/** Everything that a gateway is told, with defaults filled in. Times are milliseconds, sizes bytes, paths absolute. */
export interface GatewayConfiguration {
  /** The file that it stands in. */
  readonly file: string | undefined;
  readonly listen: HostPort;
  readonly admin: HostPort;
  /** Of the admin listener; undefined: one is made at each start, for the command line of this user alone. */
  readonly adminToken: string | undefined;
  readonly drivers: readonly ConfiguredDriver[];
  readonly tls: TlsOptions | undefined;
  readonly identity: IdentityOptions;
  readonly limits: LimitOptions;
  readonly store: StoreOptions;
  /** How long a new session waits for a driver. */
  readonly patience: number;
  /** After how long without a call a session is ended. */
  readonly longestIdle: number;
  /** How long a driver that is drained or restarted has for its running operations. */
  readonly drainDeadline: number;
  /** How long an operation whose client has gone goes on when it can be reattached to. */
  readonly reattachGrace: number;
  /** How long running calls have when the gateway ends. */
  readonly endGrace: number;
  /** What of a session is kept at most, to make it again on another driver. */
  readonly journal: { readonly bytes: number; readonly entries: number };
  readonly audit: { readonly file: string; readonly statements: "text" | "digest" };
  /** Without a file: standard error, or `gateway.log` when that is a terminal. */
  readonly log: { readonly file: string | undefined; readonly level: "debug" | "info" | "warn" | "error" };
}

/** What the command line says beside the file. */
export interface ConfigurationFlags {
  /** A file in place of `duet.toml`. */
  readonly file?: string;
  readonly listen?: HostPort;
  readonly admin?: HostPort;
  /** Which drivers there are when the configuration names none, and how many. */
  readonly spark?: "sail" | "apache";
  readonly count?: number;
}
