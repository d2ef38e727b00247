import type { ClientHttp2Stream } from "node:http2";
import { constants } from "node:http2";
import type { GatewayError } from "../grpc/status.ts";
import { interruptOperation } from "./interrupt.ts";
import { hasOnceEffect, resumes } from "./operation-traits.ts";
import type { Operation } from "./operation.ts";
import type { OperationBook } from "./operation-book.ts";
import type { WriteLedger } from "./write-ledger.ts";

/** The driver's side of a call whose client has gone. */
export interface DriverSide {
  readonly stream: ClientHttp2Stream;
  /** Resolves when the driver's answer is over, with why it broke off, if it did. */
  readonly rest: Promise<GatewayError | undefined>;
}

/** Milliseconds that drivers have for the interrupts that are on their way when the gateway ends. */
const LAST_MOMENT = 3_000;

/** By default, milliseconds that a client has to take an operation up again. */
const GRACE = 60_000;

/**
 * Operations whose clients have gone. A stream that is dropped cancels nothing on Sail or Spark: so they are interrupted,
 * at once where they cannot be taken up again, after a grace period where they can.
 */
export class VanishedClients implements AsyncDisposable {
  readonly #book: OperationBook;
  readonly #ledger: WriteLedger;
  readonly #grace: number;
  readonly #ending = new Map<Operation, Promise<void>>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(book: OperationBook, ledger: WriteLedger, grace = GRACE) {
    this.#book = book;
    this.#ledger = ledger;
    this.#grace = grace;
  }

  /** The call of an operation has ended without it; `keeps` holds its session where it is. */
  leave(operation: Operation, keeps: DisposableStack, left?: DriverSide): void {
    if (operation.outcome !== undefined) {
      keeps.dispose();
      return;
    }
    // A write goes on being read, so that its outcome is known; what a query still says would be lost.
    const isQuery = operation.summary.reattachable && !hasOnceEffect(operation);
    if (left !== undefined && isQuery) close(left.stream);
    const side = isQuery ? undefined : left;
    operation.detach(keeps);
    if (!operation.summary.reattachable || operation.released) {
      void this.end(operation, side);
      return;
    }
    const timer = setTimeout(() => void this.end(operation, side), this.#grace);
    this.#timers.add(timer);
    keeps.defer(() => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    });
  }

  /** Ends an operation that nobody waits for any more, on its driver too. */
  end(operation: Operation, side?: DriverSide): Promise<void> {
    const running = this.#ending.get(operation);
    if (running !== undefined) return running;
    const ending = this.#end(operation, side).finally(() => this.#ending.delete(operation));
    this.#ending.set(operation, ending);
    return ending;
  }

  /** Waits for no client any more, and for a moment until what is being ended has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    const { promise: due, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(resolve, LAST_MOMENT, undefined);
    await Promise.race([Promise.all(this.#ending.values()), due]);
    clearTimeout(timer);
  }

  async #end(operation: Operation, side: DriverSide | undefined): Promise<void> {
    const { place, sent, id, key, watch } = operation;
    let over = operation.settled || watch.complete;
    void side?.rest.then((error) => (over ||= error === undefined));
    // A driver that was lost has nothing to be interrupted, and one that fails meanwhile has not either.
    if (sent && place !== undefined && place.driver.connection === place.life) {
      await interruptOperation({
        id,
        userId: key.userId,
        place,
        reportsProgress: resumes(place.driver),
        watch,
        isOver: () => over || operation.outcome !== undefined,
      }).catch(() => undefined);
    }
    if (side !== undefined) close(side.stream);
    await this.settleUnknown(operation);
    this.#book.end(operation, outcomeOf(operation));
  }

  /** Notes of a write that was sent, and of which nothing has been heard, that its outcome is unknown. */
  async settleUnknown(operation: Operation): Promise<void> {
    if (!operation.noted || operation.settled) return;
    operation.settled = true;
    operation.isUnknown = operation.sent;
    const state = operation.sent ? "unknown" : "failed";
    // The entry says `sent` when this fails, which is as good as unknown.
    await this.#ledger.endWrite(operation.key, operation.id, state).catch(() => undefined);
  }
}

function outcomeOf({ isUnknown, watch }: Operation): "unknown" | "succeeded" | "interrupted" {
  if (isUnknown) return "unknown";
  return watch.complete ? "succeeded" : "interrupted";
}

function close(stream: ClientHttp2Stream): void {
  if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
}
