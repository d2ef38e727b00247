import { GatewayError, StatusCode } from "../grpc/status.ts";

/** Why a database did not do what it was asked to. */
export interface StoreFailure {
  /** In words that follow after the store's name: `cannot be reached (…)`. */
  readonly reason: string;
  /** What to do about it. */
  readonly remedy: string;
  /** It may go well a moment later. */
  readonly transient: boolean;
}

/** The error that callers get for it. */
export function storeUnavailable(store: string, failure: StoreFailure, cause: unknown): GatewayError {
  return new GatewayError(
    "store-unavailable",
    StatusCode.unavailable,
    `the gateway's store ${store} ${failure.reason}: ${failure.remedy}`,
    { cause },
  );
}
