import { createPublicKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey } from "jose";
import { GatewayError, StatusCode } from "../grpc/status.ts";
import { CredentialFileError } from "./credential.ts";
import { WatchedFiles, type WatchOptions } from "./watched-files.ts";

/** Where an issuer's public keys are: a JSON Web Key Set (RFC 7517), in a file also one key as PEM. */
export type KeySource = { readonly file: string } | { readonly url: string };

/** Finds the key for a token. */
export interface SigningKeys extends Disposable {
  readonly find: JWTVerifyGetKey;
}

/** Milliseconds after which an address is asked for its keys again. */
const REFRESH = 600_000;

/** Milliseconds that an address has to answer. */
const TIMEOUT = 5_000;

/** Milliseconds between two questions because of a key that is not known: anybody can make up one. */
const COOLDOWN = 30_000;

/**
 * Opens them and keeps them current. An address that does not answer is asked again; keys that it gave stay in use.
 * @throws {CredentialFileError}
 */
export async function openSigningKeys(source: KeySource, watch: WatchOptions = {}): Promise<SigningKeys> {
  if ("url" in source) return remoteKeys(new URL(source.url), watch);
  const keys = await WatchedFiles.open([source.file], () => readKeys(source.file), watch);
  return {
    find: (header, token) => keys.current(header, token),
    [Symbol.dispose]: () => {
      keys[Symbol.dispose]();
    },
  };
}

async function readKeys(path: string): Promise<JWTVerifyGetKey> {
  const text = await readFile(path, "utf8");
  try {
    if (!text.trimStart().startsWith("{")) {
      const key = createPublicKey(text);
      return () => key;
    }
    return createLocalJWKSet(JSON.parse(text) as Parameters<typeof createLocalJWKSet>[0]);
  } catch (cause) {
    throw new CredentialFileError(`${path} holds neither a JSON Web Key Set nor a public key as PEM`, {
      cause,
    });
  }
}

async function remoteKeys(url: URL, { onReread = () => undefined }: WatchOptions): Promise<SigningKeys> {
  const keys = createRemoteJWKSet(url, {
    // Asked for by the timer below, so that no call waits for it, and none fails while the address is away.
    cacheMaxAge: Infinity,
    cooldownDuration: COOLDOWN,
    timeoutDuration: TIMEOUT,
  });
  let failed = false;
  const refresh = async () => {
    try {
      await keys.reload();
      // That all is as ever is no news.
      if (failed) onReread(url.href, undefined);
      failed = false;
    } catch (error) {
      failed = true;
      onReread(url.href, told(error));
    }
  };
  await refresh();
  const timer = setInterval(() => void refresh(), REFRESH).unref();
  return {
    find: async (header, token) => {
      try {
        return await keys(header, token);
      } catch (cause) {
        if (cause instanceof errors.JWKSNoMatchingKey || cause instanceof errors.JWKSMultipleMatchingKeys)
          throw cause;
        throw new GatewayError(
          "identity-unavailable",
          StatusCode.unavailable,
          `the keys of the tokens' issuer could not be read from ${url.href}: ${told(cause)}`,
          { cause },
        );
      }
    },
    [Symbol.dispose]: () => {
      clearInterval(timer);
    },
  };
}

/** `fetch` tells what went wrong in the cause. */
function told(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
