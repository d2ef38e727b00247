import type { JournalEntry } from "./journal-entry.ts";

/** A table that a command has made, changed or removed in a catalogue which only its driver has. */
export interface TableChange {
  /** As the statement names it, quotes removed. */
  readonly name: readonly string[];
  readonly change: "made" | "altered" | "removed";
}

/**
 * What a call does beyond its answer:
 * - `read`: nothing; it can be made again as often as one likes;
 * - `session`: it changes its session and nothing else, and these entries make the change again;
 * - `write`: it has effects outside of its session, and must never be made twice by the gateway. Where the driver's
 *   catalogue is its own, the tables named are to be made known again on another driver, without their data;
 * - `pin`: it makes something that lives on its driver alone (a streaming query, a checkpoint, a cached relation …):
 *   the session cannot be moved from then on, for this reason;
 * - `unpin`: it ends what made the session not movable, for the same reason.
 */
export type Effect =
  | { readonly type: "read" }
  | { readonly type: "session"; readonly entries: readonly JournalEntry[] }
  | { readonly type: "write"; readonly tables: readonly TableChange[] }
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
