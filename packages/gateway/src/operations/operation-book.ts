import type { GatewayEvents, OperationOutcome } from "../events.ts";
import type { CallSummary } from "../journal/call-summary.ts";
import type { SessionKey } from "../store/session-store.ts";
import { Operation, type OperationStart } from "./operation.ts";

/** Which operations of a session a client interrupts. */
export type Interruption =
  | { readonly type: "all" }
  | { readonly type: "tag"; readonly tag: string }
  | { readonly type: "operation"; readonly id: string };

/** The operations of now, by session and id. An operation is in it from its first call until it has ended. */
export class OperationBook {
  readonly #operations = new Map<string, Map<string, Operation>>();
  readonly #events: GatewayEvents;

  constructor(events: GatewayEvents) {
    this.#events = events;
  }

  /** How many there are. */
  get size(): number {
    return [...this.#operations.values()].reduce((sum, { size }) => sum + size, 0);
  }

  find(key: SessionKey, id: string): Operation | undefined {
    return this.#operations.get(nameOf(key))?.get(id);
  }

  /** Adds an operation; one with the same id must have ended. */
  begin(start: OperationStart): Operation {
    const operation = new Operation(start);
    const name = nameOf(start.key);
    const operations = this.#operations.get(name) ?? new Map<string, Operation>();
    this.#operations.set(name, operations.set(start.id, operation));
    return operation;
  }

  /** Ends an operation, and tells of it. Does nothing when it has ended. */
  end(operation: Operation, outcome: OperationOutcome): void {
    if (!operation.end(outcome)) return;
    const name = nameOf(operation.key);
    const operations = this.#operations.get(name);
    if (operations?.get(operation.id) === operation) operations.delete(operation.id);
    if (operations?.size === 0) this.#operations.delete(name);
    void this.#tell(operation, outcome);
  }

  /** A client interrupts operations: they are not executed again on another driver. */
  interrupt(key: SessionKey, interruption: Interruption): void {
    for (const operation of this.#operations.get(nameOf(key))?.values() ?? []) {
      if (isMeant(operation, interruption)) operation.interrupted = true;
    }
  }

  async #tell(operation: Operation, outcome: OperationOutcome): Promise<void> {
    const duration = performance.now() - operation.started;
    // Of a large plan it may not be there yet.
    const digest = typeof operation.digest === "string" ? operation.digest : await operation.digest;
    this.#events.emit({
      type: "operation-ended",
      requestId: operation.requestId,
      userId: operation.key.userId,
      sessionId: operation.key.clientId,
      operationId: operation.id,
      driverId: operation.place?.driver.id ?? "",
      kind: kindOf(operation.summary),
      statement: operation.summary.statement,
      digest,
      rows: operation.watch.rows,
      bytes: operation.bytes,
      duration,
      outcome,
      attempts: operation.attempts,
    });
  }
}

function kindOf({ effect }: CallSummary): "read" | "write" | "session" {
  return effect.type === "read" || effect.type === "write" ? effect.type : "session";
}

function isMeant({ id, tags }: Operation, interruption: Interruption): boolean {
  switch (interruption.type) {
    case "all":
      return true;
    case "tag":
      return tags.includes(interruption.tag);
    case "operation":
      return id === interruption.id;
  }
}

function nameOf({ userId, clientId }: SessionKey): string {
  return `${clientId} ${userId}`;
}
