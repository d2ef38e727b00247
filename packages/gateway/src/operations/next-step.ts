import type { Effect } from "../journal/call-summary.ts";

/** What is known of an operation when its driver does not answer any more, and a place for it has been found. */
export interface BrokenOperation {
  readonly effect: Effect["type"];
  /** Something of its request may have reached a driver. */
  readonly sent: boolean;
  /** The client has rows of it. */
  readonly delivered: boolean;
  /** What the client has ends within a message, so that its stream cannot be gone on with. */
  readonly torn: boolean;
  readonly reattachable: boolean;
  /** The driver turned out to live. */
  readonly sameLife: boolean;
  /** The driver repeats, after a reattach, what was sent before and has not arrived. Sail does not. */
  readonly resumes: boolean;
  /** How often a driver has failed while it ran there. */
  readonly losses: number;
}

/**
 * How an operation goes on:
 * - `execute`: it is executed again, from the beginning, in the new place;
 * - `interrupt-and-execute`: the same, after it was ended where it may still run;
 * - `reattach`: its answer is taken up where it broke off;
 * - `client-reattaches`: the client is told to do so, by a status after which it does;
 * - `operation-lost`: the client is told that it failed, and may do it again;
 * - `outcome-unknown`: the client is told that it may have been done or not.
 */
export type NextStep =
  | "execute"
  | "interrupt-and-execute"
  | "reattach"
  | "client-reattaches"
  | "operation-lost"
  | "outcome-unknown";

/** So often may drivers fail under one operation: it may be what they die of. */
export const MOST_LOSSES = 2;

/** Decides it; nothing that has effects outside of its session is executed twice, and no row is delivered twice. */
export function nextStep(operation: BrokenOperation): NextStep {
  const { effect, sent, delivered, torn, reattachable, sameLife, resumes, losses } = operation;
  if (!sent) return "execute";
  if (sameLife && resumes && reattachable) {
    return torn || losses > MOST_LOSSES ? "client-reattaches" : "reattach";
  }
  if (effect !== "read" && effect !== "session") return "outcome-unknown";
  if (delivered || torn || losses > MOST_LOSSES) return "operation-lost";
  return sameLife ? "interrupt-and-execute" : "execute";
}
