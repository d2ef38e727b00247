import type { GatewayEvents } from "../events.ts";
import type { LineFile } from "./line-file.ts";

/** What the audit trail holds. */
export interface AuditOptions {
  /** `digest` leaves SQL texts out, which may hold data; the plan's digest is always there. */
  readonly statements: "text" | "digest";
}

/** Characters of a statement that are kept. */
const LONGEST_STATEMENT = 10_000;

/**
 * Writes a JSON line for each operation until it is disposed of: who, where, what, how it ended. Sizes are bytes, times
 * milliseconds; `sql` is cut after 10,000 characters and the digest is that of the whole plan.
 */
export function auditOperations(events: GatewayEvents, file: LineFile, options: AuditOptions): Disposable {
  return events.listen((event) => {
    if (event.type !== "operation-ended") return;
    const { statement } = event;
    const line = {
      time: new Date().toISOString(),
      user: event.userId,
      session: event.sessionId,
      operation: event.operationId,
      request: event.requestId,
      driver: event.driverId,
      kind: event.kind,
      ...(statement === undefined || options.statements === "digest"
        ? {}
        : { sql: statement.slice(0, LONGEST_STATEMENT) }),
      digest: event.digest,
      rows: event.rows,
      bytes: event.bytes,
      duration: Math.round(event.duration * 1000) / 1000,
      outcome: event.outcome,
      attempts: event.attempts,
    };
    file.write(`${JSON.stringify(line)}\n`);
  });
}
