import type { OperationOutcome } from "../events.ts";
import type { CallSummary } from "../journal/call-summary.ts";
import type { RequestBody } from "../proxy/request-body.ts";
import type { SessionPlace } from "../sessions/session-directory.ts";
import type { SessionKey } from "../store/session-store.ts";
import { ResultWatch } from "./result-watch.ts";

/** What an operation is begun with. */
export interface OperationStart {
  readonly key: SessionKey;
  readonly id: string;
  readonly requestId: string;
  readonly summary: CallSummary;
  /** SHA-256 of the plan, hexadecimal. */
  readonly digest: string | Promise<string>;
  /** The client's tags, by which it may be interrupted. */
  readonly tags: readonly string[];
  readonly body: RequestBody;
  /** Counts it among its user's operations. */
  readonly slot: Disposable;
}

/**
 * Whose turn it is with an operation: the call that executes it or has taken it up again, until a later call does, or it
 * ends. What an earlier call still learns says nothing any more.
 */
export class Turn {
  /** Called once, when the turn is over. */
  onOver: (() => void) | undefined;
  #isOver = false;

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Another call comes, or none any more. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.onOver?.();
  }
}

/** An ExecutePlan from its call until it has ended, over however many calls and drivers. */
export class Operation {
  readonly key: SessionKey;
  readonly id: string;
  readonly requestId: string;
  readonly summary: CallSummary;
  readonly digest: string | Promise<string>;
  readonly tags: readonly string[];
  readonly body: RequestBody;
  readonly watch = new ResultWatch();
  /** As `performance.now()` tells it. */
  readonly started = performance.now();
  /** Where it was sent last. */
  place: SessionPlace | undefined;
  /** Something of its request may have reached a driver. */
  sent = false;
  /** It is in the ledger of writes. */
  noted = false;
  /** What it did is recorded, or that it failed. */
  settled = false;
  /** It was sent, and what it did is not known. */
  isUnknown = false;
  /** Its client wants nothing of it any more. */
  released = false;
  /** Its client has interrupted it. */
  interrupted = false;
  /** Drivers on which it was tried. */
  attempts = 0;
  /** How often a driver has failed while it ran there. */
  losses = 0;
  /** Bytes that its client was given. */
  bytes = 0;
  outcome: OperationOutcome | undefined;
  readonly #slot: Disposable;
  #turn = new Turn();
  #idle: DisposableStack | undefined;

  constructor(start: OperationStart) {
    this.key = start.key;
    this.id = start.id;
    this.requestId = start.requestId;
    this.summary = start.summary;
    this.digest = start.digest;
    this.tags = start.tags;
    this.body = start.body;
    this.#slot = start.slot;
  }

  /** Whether no call is with it. */
  get isDetached(): boolean {
    return this.#idle !== undefined;
  }

  /** A call comes to it, and the one before has no say any more. */
  attach(): Turn {
    this.#turn.end();
    this.#turn = new Turn();
    this.#idle?.dispose();
    this.#idle = undefined;
    return this.#turn;
  }

  /** Its call has ended without it; `keeps` is disposed of when another call comes, or when it ends. */
  detach(keeps: DisposableStack): void {
    this.#idle = keeps;
  }

  /** It is over; false when it was already. */
  end(outcome: OperationOutcome): boolean {
    if (this.outcome !== undefined) return false;
    this.outcome = outcome;
    this.body.drop();
    this.#slot[Symbol.dispose]();
    this.#turn.end();
    this.#idle?.dispose();
    this.#idle = undefined;
    return true;
  }
}
