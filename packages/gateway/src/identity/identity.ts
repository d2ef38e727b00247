import type { IncomingHttpHeaders } from "node:http2";
import type { Peer } from "./peer.ts";

/** Who makes a call. */
export interface Identity {
  /** The user of the credential; where nobody is asked for one, what the client says. */
  readonly userId: string;
  /** The only pool that the credential allows, where it says one. */
  readonly pool: string | undefined;
}

/** Finds out who makes a call, before a byte of its message is read. */
export interface Authenticator {
  /**
   * Undefined where nobody is asked for a credential: then what the client says counts ({@link claimedIdentity}).
   * @param peer the connection that the call came by.
   * @throws {GatewayError} `unauthenticated`, never with the credential in its text; `identity-unavailable` when the
   *   keys that tell whether it is good cannot be had.
   */
  authenticate(headers: IncomingHttpHeaders, peer: Peer): Promise<Identity | undefined>;
}

/** The identity of a client that nobody asks for a credential. */
export function claimedIdentity(userId: string): Identity {
  return { userId, pool: undefined };
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
