import type { Method } from "../grpc/methods.ts";
import type { Translate } from "../grpc/response-rewriter.ts";
import type { DriverConnection } from "./driver-connection.ts";

/** What the gateway reads of the first message of a call. */
export interface CallHead {
  readonly method: Method;
  readonly sessionId: string;
  /** What the client says; empty when it says nothing. */
  readonly userId: string;
  readonly operationId: string | undefined;
  /** The server-side session that the client has seen before. */
  readonly observedServerSessionId: string | undefined;
  /** The id that a clone is to have, where the client names one. */
  readonly newSessionId: string | undefined;
  /** Pool that the client asks for with the header `x-duet-pool`. */
  readonly pool: string | undefined;
}

/** Where a call goes, and what is changed on its way. */
export interface Route extends Disposable {
  readonly driver: DriverConnection;
  /** Fields of each request message to be replaced, or left out (undefined). */
  readonly requestFields: ReadonlyMap<number, Buffer | undefined>;
  /** Fields of the response messages to be translated. */
  readonly responseFields: ReadonlyMap<number, Translate>;
  /** The call was answered with this gRPC status; not called when it broke before. */
  answered(status: number): void;
}

/** Decides where calls go. Disposing of the route says that the call has ended. */
export interface Router {
  /** @throws {GatewayError} when the call can go nowhere. */
  route(head: CallHead, signal: AbortSignal): Promise<Route>;
}
