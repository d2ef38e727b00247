import { createHash } from "node:crypto";
import { GatewayError, StatusCode } from "../grpc/status.ts";
import type { Identity } from "./identity.ts";

/** Thrown when a file of credentials cannot be used; says file, line or key, never a credential. */
export class CredentialFileError extends Error {
  override readonly name = "CredentialFileError";
}

/** Tells whose a bearer token is. */
export interface TokenVerifier extends Disposable {
  /**
   * Undefined when the token is not of this verifier's kind, so that another may know it.
   * @throws {GatewayError} `unauthenticated` when it is, and is not valid; `identity-unavailable`.
   */
  readonly verify: (token: string) => Promise<Identity | undefined>;
}

/** A refusal. `reason` must not hold the credential, and ends with what to do. */
export function unauthenticated(reason: string): GatewayError {
  return new GatewayError("unauthenticated", StatusCode.unauthenticated, reason);
}

/** SHA-256, hexadecimal: what is kept of a token instead of itself. */
export function tokenHash(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

const LONGEST_NAME = 256;

/** Whether a text may name a user or a pool: it gets into headers, logs and keys. */
export function isName(text: string): boolean {
  return text.length > 0 && text.length <= LONGEST_NAME && !/\p{Cc}/u.test(text);
}
