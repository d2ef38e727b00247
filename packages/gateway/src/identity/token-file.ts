import { readFile } from "node:fs/promises";
import { parse, TomlError } from "smol-toml";
import * as v from "valibot";
import { CredentialFileError, type TokenVerifier, isName, tokenHash, unauthenticated } from "./credential.ts";
import { WatchedFiles, type WatchOptions } from "./watched-files.ts";

/** Static tokens. */
export interface TokenOptions {
  /**
   * A TOML file with one table a token. It holds no token itself, so it gives none away:
   *
   *     [[token]]
   *     user = "ada"
   *     sha256 = "9f86d0…"              # printf %s "$TOKEN" | sha256sum
   *     pool = "big"                    # optional: the only pool that the token is for
   *     expires = 2027-01-01T00:00:00Z  # optional
   */
  readonly file: string;
}

interface KnownToken {
  readonly user: string;
  readonly sha256: string;
  readonly pool?: string | undefined;
  readonly expires?: Date | undefined;
}

// Messages of our own throughout: valibot's repeat what they got, which may be a token in the wrong place.
const name = v.pipe(v.string("is no text"), v.check(isName, "is empty, too long or has control characters"));

const token = v.strictObject(
  {
    user: name,
    sha256: v.pipe(
      v.string("is no text"),
      v.regex(/^[0-9a-f]{64}$/iu, "is no SHA-256 in hexadecimal (64 digits), as `sha256sum` prints it"),
    ),
    pool: v.optional(name),
    expires: v.optional(v.date("is no date like 2027-01-01T00:00:00Z")),
  },
  "has an unknown or missing key (there are user, sha256, pool, expires)",
);

const file = v.strictObject(
  { token: v.optional(v.array(token, "is no list: write [[token]]"), []) },
  "has an unknown key (there is [[token]])",
);

/** Knows the tokens of a file, which is read anew when it changes. @throws {CredentialFileError} */
export async function openTokenFile(options: TokenOptions, watch?: WatchOptions): Promise<TokenVerifier> {
  const tokens = await WatchedFiles.open([options.file], () => readTokens(options.file), watch);
  return {
    verify: (text) => Promise.try(() => identify(tokens.current.get(tokenHash(text)))),
    [Symbol.dispose]: () => {
      tokens[Symbol.dispose]();
    },
  };
}

function identify(known: KnownToken | undefined) {
  if (known === undefined) return undefined;
  if (known.expires !== undefined && known.expires.getTime() <= Date.now()) {
    const when = new Date(known.expires).toISOString();
    throw unauthenticated(
      `the token of ${known.user} expired at ${when}: ask whoever runs this gateway for a new one`,
    );
  }
  return { userId: known.user, pool: known.pool };
}

/** Tokens by their hash. */
async function readTokens(path: string): Promise<ReadonlyMap<string, KnownToken>> {
  const known = new Map<string, KnownToken>();
  for (const entry of parseTokens(path, await readFile(path, "utf8"))) {
    const hash = entry.sha256.toLowerCase();
    const other = known.get(hash);
    if (other !== undefined) {
      throw new CredentialFileError(`${path}: ${other.user} and ${entry.user} have the same token`);
    }
    known.set(hash, entry);
  }
  return known;
}

function parseTokens(path: string, source: string): readonly KnownToken[] {
  let content: unknown;
  try {
    content = parse(source);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // Only the place: the message shows the lines around it.
    throw new CredentialFileError(`${path}:${error.line}: this is no TOML`);
  }
  const result = v.safeParse(file, content);
  if (result.success) return result.output.token;
  const [issue] = result.issues;
  const key = (issue.path ?? []).map(({ key: part }) => String(part)).join(".");
  throw new CredentialFileError(`${path}: ${key === "" ? "it" : key} ${issue.message}`);
}
