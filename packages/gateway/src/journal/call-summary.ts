import type { JournalEntry } from "./journal-entry.ts";

/**
 * A change that a call's request alone does not tell how to make again; `tableEntries` makes entries of it, after the
 * call has succeeded, with what the driver says.
 */
export type TableChange =
  /** A table was made, changed or removed: it matters where the driver's catalogue is its own. */
  | {
      readonly object: "table";
      /** As the statement names it, quotes removed. */
      readonly name: readonly string[];
      readonly change: "made" | "altered" | "removed";
    }
  /** A temporary view may have gone: with Spark's `DROP TABLE`, but not with Sail's. */
  | { readonly object: "temporary view"; readonly entry: JournalEntry }
  /** A database, a lasting view or function: this entry makes it again where the driver's catalogue is its own. */
  | { readonly object: "definition"; readonly entry: JournalEntry }
  /** A table whose name only the driver knows. */
  | { readonly object: "unknown" }
  /** Another catalogue or database was chosen by a statement that does not tell which of both. */
  | { readonly object: "current" }
  /** A session variable has a value that only the driver knows, since a query computed it. */
  | {
      readonly object: "variable";
      readonly name: readonly string[];
      /** Whether it was declared with that value, and not only set. */
      readonly declared: boolean;
    };

/**
 * What a call does beyond its answer:
 * - `read`: nothing; it can be made again as often as one likes;
 * - `session`: it changes its session and nothing else; its entries, and what is made of `tables`, make the change
 *   again;
 * - `write`: it has effects outside of its session, and must never be made twice by the gateway. What it changed within
 *   the session is in `entries` and `tables`; where that cannot be told, `pin` says why the session cannot be moved
 *   from then on;
 * - `pin`: it makes something that lives on its driver alone (a streaming query, a checkpoint, a cached relation …):
 *   the session cannot be moved from then on, for this reason;
 * - `unpin`: it ends what made the session not movable, for the same reason.
 */
export type Effect =
  | { readonly type: "read" }
  | {
      readonly type: "session";
      readonly entries: readonly JournalEntry[];
      readonly tables: readonly TableChange[];
    }
  | {
      readonly type: "write";
      readonly entries: readonly JournalEntry[];
      readonly tables: readonly TableChange[];
      readonly pin: string | undefined;
    }
  | { readonly type: "pin"; readonly reason: string }
  | { readonly type: "unpin"; readonly reason: string };

/** What the gateway knows of a call from its request. */
export interface CallSummary {
  readonly effect: Effect;
  /** The SQL text, where the plan is one. */
  readonly statement: string | undefined;
  /** The client asks that the operation goes on without it, until it comes back (`ReattachOptions.reattachable`). */
  readonly reattachable: boolean;
}
