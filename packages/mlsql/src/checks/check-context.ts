import type { AlgorithmDescription, CommandDescription, FormatDescription } from "./descriptions.ts";

/** A script that an `include` names; `file` is the name that its diagnostics carry. */
export interface IncludedScript {
  readonly file: string;
  readonly text: string;
}

/** What a script is checked against. */
export interface CheckContext {
  readonly algorithms: readonly AlgorithmDescription[];
  readonly formats: readonly FormatDescription[];
  readonly commands: readonly CommandDescription[];
  /** Whether a format that is not described is a data source of Spark's; else it is a mistake. */
  readonly otherFormats?: boolean;
  /** Tables that are there before the script begins. */
  readonly tables?: Iterable<string>;
  /**
   * Whether the catalogue has a table, `db.table` or a bare name in the current database. Absent where that is not
   * known: then names with a database are not checked.
   */
  readonly catalogTables?: (name: string) => boolean;
  /**
   * Reads the script that an `include` in the file `from` names; undefined where there is none. Absent where
   * includes cannot be read: then nothing after one is blamed for what it may have made.
   */
  readonly readInclude?: (format: string, path: string, from: string) => IncludedScript | undefined;
  /** Variables that the script finds set. */
  readonly variables?: Readonly<Record<string, string>>;
  /** The clock behind `${today}` and the like. */
  readonly now?: () => Date;
}
