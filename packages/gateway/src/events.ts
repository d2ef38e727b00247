import type { DriverState } from "./drivers/driver-state.ts";
import type { GatewayErrorCode } from "./grpc/status.ts";

/** How an operation ended, as far as the gateway knows. */
export type OperationOutcome =
  | "succeeded"
  | "failed"
  /** By its client, or by the gateway because its client had gone. */
  | "interrupted"
  /** A write whose driver died while it ran: it may have taken effect. */
  | "unknown";

/** What happens at a gateway, for logs, metrics and the audit trail. Sizes are bytes, times milliseconds. */
export type GatewayEvent =
  | {
      readonly type: "call-ended";
      readonly requestId: string;
      /** `ExecutePlan` */
      readonly method: string;
      readonly userId: string;
      readonly sessionId: string;
      readonly driverId: string | undefined;
      /** gRPC status that the client got; undefined when it had gone. */
      readonly status: number | undefined;
      /** The gateway's own reason, where it gave the status. */
      readonly code: GatewayErrorCode | undefined;
      readonly requestBytes: number;
      readonly responseBytes: number;
      readonly duration: number;
    }
  | {
      readonly type: "operation-ended";
      readonly requestId: string;
      readonly userId: string;
      readonly sessionId: string;
      readonly operationId: string;
      readonly driverId: string;
      readonly kind: "read" | "write" | "session";
      /** The SQL text, where it is one. */
      readonly statement: string | undefined;
      /** SHA-256 of the plan, hexadecimal. */
      readonly digest: string;
      readonly rows: number;
      readonly bytes: number;
      readonly duration: number;
      readonly outcome: OperationOutcome;
      /** Drivers on which it was tried. */
      readonly attempts: number;
    }
  | {
      readonly type: "session-opened";
      readonly userId: string;
      readonly sessionId: string;
      readonly driverId: string;
    }
  | {
      readonly type: "session-moved";
      readonly userId: string;
      readonly sessionId: string;
      readonly from: string;
      readonly to: string;
      readonly because: "drain" | "driver-lost";
      /** Calls of the journal that were made again. */
      readonly replayed: number;
      readonly duration: number;
    }
  | {
      readonly type: "session-ended";
      readonly userId: string;
      readonly sessionId: string;
      readonly because: "released" | "idle" | "lost";
      /** For `lost`: why it could not be gone on with. */
      readonly reason: string | undefined;
    }
  | {
      readonly type: "session-pinned";
      readonly userId: string;
      readonly sessionId: string;
      readonly reason: string;
    }
  | {
      /** Before any call: a failed TLS handshake, a protocol that is not spoken here. */
      readonly type: "connection-refused";
      /** `10.0.0.3:51234` */
      readonly address: string;
      readonly reason: string;
    }
  | {
      /** A file of tokens, keys or certificates has changed; what was read before stays in use after an error. */
      readonly type: "credentials-read";
      readonly file: string;
      readonly error: string | undefined;
    }
  | {
      readonly type: "driver-changed";
      readonly driverId: string;
      readonly before: DriverState;
      readonly state: DriverState;
      readonly reason: string | undefined;
    };

/** Passes events on to whoever listens. A listener must not throw and must not wait. */
export class GatewayEvents {
  readonly #listeners = new Set<(event: GatewayEvent) => void>();

  /** Tells all listeners, in the order in which they came. */
  emit(event: GatewayEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** Calls `listener` with each event until it is disposed of. */
  listen(listener: (event: GatewayEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}
