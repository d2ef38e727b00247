/** What an entry of a session's journal is about. */
export type EntryKind =
  "config" | "catalog" | "view" | "function" | "variable" | "artifact" | "persist" | "table";

/** The calls that change a session. */
export type EntryMethod = "Config" | "ExecutePlan" | "AnalyzePlan" | "AddArtifacts";

/** One call that has changed a session, kept to be made again on another driver. */
export interface JournalEntry {
  readonly kind: EntryKind;
  /**
   * What it sets, each `kind:name`, lower case where Spark does not tell cases apart: `view:orders`, `config:spark.x`;
   * `config:*` is everything of the kind. With `if-absent ` before it, it is set only where it is not there yet; with
   * `if-present `, only where the session has it, since the same words may be about something that is not the
   * session's (`drop view v`).
   */
  readonly defines: readonly string[];
  /** Whether it takes away what it names: nothing of it need be made again once nothing before it is left. */
  readonly removes: boolean;
  /**
   * Words that occur in it, lower case: entries that it may depend on must stay before it. A whole `kind:name` is used
   * as such; `*` stands for everything, where what is used cannot be told.
   */
  readonly uses: readonly string[];
  readonly method: EntryMethod;
  /** The request messages as the client sent them, decompressed, not framed. */
  readonly messages: readonly Buffer[];
}

/** A {@link JournalEntry} without its messages: what superseding and bounds are computed from. */
export interface EntryHead extends Omit<JournalEntry, "messages"> {
  /** Grows from entry to entry of a session. */
  readonly sequence: number;
  /** Bytes of its messages. */
  readonly size: number;
}
