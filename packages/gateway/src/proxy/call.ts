import type { Method } from "../grpc/methods.ts";

/** What the gateway reads of the first message of a call. */
export interface CallHead {
  readonly method: Method;
  readonly sessionId: string;
  /** What the client says; empty when it says nothing. */
  readonly userId: string;
  /** The client's `user_context`, encoded. */
  readonly userContext: Buffer | undefined;
  readonly operationId: string | undefined;
  /** The last response that the client has, where it takes an operation up again. */
  readonly lastResponseId: string | undefined;
  /** The server-side session that the client has seen before. */
  readonly observedServerSessionId: string | undefined;
  /** The id that a clone is to have, where the client names one. */
  readonly newSessionId: string | undefined;
  /** Pool that the client asks for with the header `x-duet-pool`. */
  readonly pool: string | undefined;
}
