import { GatewayError, StatusCode } from "../grpc/status.ts";
import type { Identity } from "./identity.ts";

/**
 * The pool for a session: the one that the client asks for, where its credential does not bind it to another.
 * Undefined when neither names one.
 * @throws {GatewayError} `pool-forbidden`
 */
export function allowedPool({ userId, pool }: Identity, asked: string | undefined): string | undefined {
  if (pool !== undefined && asked !== undefined && asked !== pool) {
    throw new GatewayError(
      "pool-forbidden",
      StatusCode.permissionDenied,
      `the credential of ${userId} is for the pool "${pool}", not for "${asked}": leave x-duet-pool out`,
    );
  }
  return pool ?? asked;
}
