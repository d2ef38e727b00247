import type { IncomingHttpHeaders } from "node:http2";
import type { Peer } from "./peer.ts";

/** Who makes a call. */
export interface Identity {
  /** The user of the credential; without authentication what the client says. */
  readonly userId: string;
  /** The only pool that the credential allows, where it says one. */
  readonly pool: string | undefined;
}

/** Finds out who makes a call. */
export interface Authenticator {
  /**
   * @param peer the connection that the call came by.
   * @param claimed the user that the client says it is; counts only where nobody is asked for a credential.
   * @throws {GatewayError} `unauthenticated`, never with the credential in its text; `identity-unavailable` when the
   *   keys that tell whether it is good cannot be had.
   */
  authenticate(headers: IncomingHttpHeaders, peer: Peer, claimed: string): Promise<Identity>;
}

/** What one user may take. */
export interface Limits {
  /** @throws {GatewayError} `too-many-sessions` when the user has `current` sessions and may not open another. */
  checkSession(identity: Identity, current: number): void;
  /**
   * Counts an operation until it is disposed of.
   * @throws {GatewayError} `too-many-operations`
   */
  beginOperation(identity: Identity): Disposable;
  /** Bytes that one operation may deliver to this user, if bounded; more is `result-too-large`. */
  largestResult(identity: Identity): number | undefined;
}
