import { errors, type JWTPayload, jwtVerify } from "jose";
import { type TokenVerifier, isName, tokenHash, unauthenticated } from "./credential.ts";
import type { Identity } from "./identity.ts";
import { type KeySource, openSigningKeys } from "./signing-keys.ts";
import type { WatchOptions } from "./watched-files.ts";

/** JSON Web Tokens (RFC 7519) of one issuer. They must expire. */
export interface JsonWebTokenOptions {
  /** `iss`, exactly. */
  readonly issuer: string;
  /** Must be in `aud`. */
  readonly audience: string;
  readonly keys: KeySource;
  /** The claim that names the user, by default `sub`. */
  readonly userClaim?: string;
  /** The claim that names the only pool for the user, if any does; a token without it is for all pools. */
  readonly poolClaim?: string;
  /** Milliseconds that the issuer's clock may differ, by default 30,000. */
  readonly clockTolerance?: number;
}

/** All that have a public key: a secret shared with the issuer would let whoever runs a gateway make tokens. */
const ALGORITHMS = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519".split(" ");

const CLOCK_TOLERANCE = 30_000;

/** Milliseconds for which a token that was good is taken without checking its signature again. */
const TRUSTED_FOR = 60_000;

const LARGEST_CACHE = 10_000;

const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/u;

interface Trusted {
  readonly identity: Identity;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** Checks tokens of this issuer. @throws {CredentialFileError} when its keys are in a file that cannot be used */
export async function openJsonWebTokens(
  options: JsonWebTokenOptions,
  watch: WatchOptions = {},
): Promise<TokenVerifier> {
  const trusted = new Map<string, Trusted>();
  const keys = await openSigningKeys(options.keys, {
    ...watch,
    onReread: (file, error) => {
      trusted.clear();
      watch.onReread?.(file, error);
    },
  });
  return {
    verify: async (token) => {
      if (!COMPACT.test(token)) return undefined;
      const hash = tokenHash(token);
      const known = trusted.get(hash);
      if (known !== undefined && known.until > Date.now()) return known.identity;
      trusted.delete(hash);
      const payload = await checked(token, options, keys.find);
      const identity = identityOf(payload, options);
      const expires = (payload.exp ?? 0) * 1000 + (options.clockTolerance ?? CLOCK_TOLERANCE);
      if (trusted.size >= LARGEST_CACHE) trusted.delete(trusted.keys().next().value ?? hash);
      trusted.set(hash, { identity, until: Math.min(expires, Date.now() + TRUSTED_FOR) });
      return identity;
    },
    [Symbol.dispose]: () => {
      keys[Symbol.dispose]();
    },
  };
}

async function checked(
  token: string,
  { issuer, audience, clockTolerance = CLOCK_TOLERANCE }: JsonWebTokenOptions,
  find: Parameters<typeof jwtVerify>[1],
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, find, {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: clockTolerance / 1000,
      requiredClaims: ["exp"],
    });
    return payload;
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    throw unauthenticated(refusal(error, issuer, audience));
  }
}

/** What is wrong with a token and what to do. Of what it claims nothing is told before its signature was checked. */
function refusal(error: errors.JOSEError, issuer: string, audience: string): string {
  if (error instanceof errors.JWTExpired) {
    const when =
      error.payload.exp === undefined ? "" : ` at ${new Date(error.payload.exp * 1000).toISOString()}`;
    return `the token expired${when}: get a new one from ${issuer}`;
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const needs: Readonly<Record<string, string>> = {
      iss: `it must be "${issuer}"`,
      aud: `"${audience}" must be in it`,
      exp: "a token must say when it expires",
      nbf: "the token is not valid yet",
    };
    const need = needs[error.claim] ?? error.message;
    return `the token's claim "${error.claim}" does not fit: ${need}; get a token for this gateway from ${issuer}`;
  }
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWSSignatureVerificationFailed) {
    return `the token is not signed by a key of ${issuer}: get a new one there`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return `the token's signature must be one of ${ALGORITHMS.join(", ")}: get another token from ${issuer}`;
  }
  return `the token cannot be read (${error.code}): get a new one from ${issuer}`;
}

function identityOf(
  payload: JWTPayload,
  { userClaim = "sub", poolClaim, issuer }: JsonWebTokenOptions,
): Identity {
  const userId = payload[userClaim];
  if (typeof userId !== "string" || !isName(userId)) {
    throw unauthenticated(`the token's claim "${userClaim}" names no user: get another token from ${issuer}`);
  }
  const pool = poolClaim === undefined ? undefined : payload[poolClaim];
  if (pool !== undefined && (typeof pool !== "string" || !isName(pool))) {
    throw unauthenticated(
      `the token's claim "${poolClaim ?? ""}" names no pool: get another token from ${issuer}`,
    );
  }
  return { userId, pool };
}
