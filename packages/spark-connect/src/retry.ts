import { Code, ConnectError } from "@connectrpc/connect";
import { setTimeout as sleep } from "node:timers/promises";
import { RetryInfoSchema } from "./generated/google/rpc/error_details_pb.js";

/**
 * How often and how patiently a call is tried again. Times are in milliseconds. The defaults are those of Spark's own
 * clients: they add up to more than ten minutes. Towards an engine on the same machine a few tries are enough.
 */
export interface RetryPolicy {
  /** Tries after the first one. Default 15. */
  readonly maxRetries: number;
  /** Wait before the first retry. Default 50. */
  readonly initialBackoff: number;
  /** No wait is longer, save one that the server asks for. Default 60,000. */
  readonly maxBackoff: number;
  /** Each wait is this much longer than the one before. Default 4. */
  readonly backoffMultiplier: number;
  /** A random part of this is added to waits of `minJitterThreshold` or more. Default 500. */
  readonly jitter: number;
  /** Default 2,000. */
  readonly minJitterThreshold: number;
  /** A server may ask for a longer wait (`google.rpc.RetryInfo`), up to this. Default 600,000. */
  readonly maxServerRetryDelay: number;
}

/** Spark's defaults, from `DefaultPolicy` of its Python and Scala clients. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  maxRetries: 15,
  initialBackoff: 50,
  maxBackoff: 60_000,
  backoffMultiplier: 4,
  jitter: 500,
  minJitterThreshold: 2_000,
  maxServerRetryDelay: 600_000,
};

/** For the first call of a session: a server may still be starting, but a wrong address must not wait minutes. */
export const CONNECT_RETRY_POLICY: RetryPolicy = { ...DEFAULT_RETRY_POLICY, maxRetries: 4 };

/**
 * Whether a call failed because the connection could not be made or broke, and not by an answer of the server. Connect
 * has no mark of its own for it: it shows as `UNAVAILABLE`, as an error of Node's sockets, as a reset of the stream,
 * or as an answer without an end.
 */
export function isConnectionFailure(error: unknown): boolean {
  return (
    error instanceof ConnectError &&
    (error.code === Code.Unavailable ||
      (error.cause instanceof Error && "code" in error.cause) ||
      /^(http\/2 stream closed with error code|protocol error: (incomplete envelope|missing status))/.test(
        error.rawMessage,
      ))
  );
}

/** What the server's side of TLS fails with: a certificate that is not trusted or not the server's, another protocol. */
const TLS_FAILURE =
  /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;

/** Why a connection could not be encrypted, in OpenSSL's words; undefined when it failed for another reason. */
export function tlsFailure(error: unknown): string | undefined {
  if (!(error instanceof ConnectError) || !(error.cause instanceof Error)) return undefined;
  const { cause } = error;
  return "code" in cause && TLS_FAILURE.test(String(cause.code)) ? cause.message : undefined;
}

/**
 * Whether a failed call may succeed when it is made again:
 * - the connection could not be made, or broke ({@link isConnectionFailure}), save when it could not be encrypted;
 * - `INVALID_CURSOR.DISCONNECTED`: another call has taken the stream over, as after a reattach;
 * - any error with `google.rpc.RetryInfo`: the server asks for it.
 */
export function isRetryable(error: unknown): boolean {
  return (
    error instanceof ConnectError &&
    ((isConnectionFailure(error) && tlsFailure(error) === undefined) ||
      (error.code === Code.Internal && error.rawMessage.includes("INVALID_CURSOR.DISCONNECTED")) ||
      serverRetryDelay(error) !== undefined)
  );
}

/**
 * Milliseconds to wait before retry number `attempt` (from 0), or undefined when the policy gives up.
 * `random` is a number in [0, 1).
 */
export function retryDelay(
  policy: RetryPolicy,
  attempt: number,
  error: unknown,
  random: number = Math.random(),
): number | undefined {
  if (attempt >= policy.maxRetries) {
    return undefined;
  }
  const backoff = Math.min(policy.maxBackoff, policy.initialBackoff * policy.backoffMultiplier ** attempt);
  const asked = error instanceof ConnectError ? (serverRetryDelay(error) ?? 0) : 0;
  const wait = Math.max(backoff, Math.min(asked, policy.maxServerRetryDelay));
  return Math.floor(wait >= policy.minJitterThreshold ? wait + random * policy.jitter : wait);
}

function serverRetryDelay(error: ConnectError): number | undefined {
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return delay === undefined ? undefined : Number(delay.seconds) * 1_000 + delay.nanos / 1e6;
}

/** Counts the retries of one call, or of one stream between two answers. */
export class RetryState {
  readonly #policy: RetryPolicy;
  #attempt = 0;

  constructor(policy: RetryPolicy) {
    this.#policy = policy;
  }

  /** Starts again from the shortest wait: the server has answered. */
  reset(): void {
    this.#attempt = 0;
  }

  /** Waits for the next try; throws `error` if there is none, and the signal's reason when it is aborted. */
  async wait(error: unknown, signal: AbortSignal | undefined): Promise<void> {
    const delay = isRetryable(error) ? retryDelay(this.#policy, this.#attempt, error) : undefined;
    if (delay === undefined) {
      throw error;
    }
    this.#attempt += 1;
    try {
      await sleep(delay, undefined, signal === undefined ? {} : { signal });
    } catch (reason) {
      signal?.throwIfAborted();
      throw reason;
    }
  }
}

/** Makes a call until it succeeds, fails for good, or the policy gives up; then the last error is thrown. */
export async function withRetries<T>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  call: () => Promise<T>,
): Promise<T> {
  const retries = new RetryState(policy);
  for (;;) {
    try {
      return await call();
    } catch (error) {
      signal?.throwIfAborted();
      await retries.wait(error, signal);
    }
  }
}
