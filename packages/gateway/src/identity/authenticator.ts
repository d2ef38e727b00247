import type { TokenVerifier } from "./credential.ts";
import { unauthenticated } from "./credential.ts";
import { type CertificateOptions, certificateIdentity, checkCertificate } from "./client-certificate.ts";
import type { Authenticator } from "./identity.ts";
import { type JsonWebTokenOptions, openJsonWebTokens } from "./json-web-token.ts";
import { type TokenOptions, openTokenFile } from "./token-file.ts";
import type { TlsOptions } from "./tls.ts";
import type { WatchOptions } from "./watched-files.ts";

/**
 * How users are known. Of several ways a token goes before a certificate; with none of them nobody is asked, which is
 * for one machine alone.
 */
export interface IdentityOptions {
  readonly tokens?: TokenOptions;
  readonly jsonWebTokens?: JsonWebTokenOptions;
  /** Needs {@link TlsOptions.clientAuthority}. */
  readonly certificates?: CertificateOptions;
}

/**
 * Opens what users are known by. Where TLS has a client authority, every client must show a certificate of it, also
 * where tokens name the users.
 * @throws {CredentialFileError}
 */
export async function openAuthenticator(
  options: IdentityOptions,
  tls: TlsOptions | undefined,
  watch?: WatchOptions,
): Promise<Authenticator & Disposable> {
  using opened = new DisposableStack();
  const verifiers: TokenVerifier[] = [];
  if (options.tokens !== undefined) verifiers.push(opened.use(await openTokenFile(options.tokens, watch)));
  if (options.jsonWebTokens !== undefined) {
    verifiers.push(opened.use(await openJsonWebTokens(options.jsonWebTokens, watch)));
  }
  const all = opened.move();
  return {
    authenticate: async ({ authorization }, peer) => {
      if (tls !== undefined && !peer.encrypted) {
        throw unauthenticated("this gateway speaks TLS: connect with sc://host:port/;use_ssl=true");
      }
      const certificate = tls?.clientAuthority === undefined ? undefined : checkCertificate(peer.certificate);
      if (verifiers.length > 0 && (authorization !== undefined || options.certificates === undefined)) {
        return identify(verifiers, authorization, tls !== undefined);
      }
      if (options.certificates === undefined) return undefined;
      return certificateIdentity(certificate ?? checkCertificate(peer.certificate), options.certificates);
    },
    [Symbol.dispose]: () => {
      all[Symbol.dispose]();
    },
  };
}

async function identify(
  verifiers: readonly TokenVerifier[],
  authorization: string | undefined,
  tls: boolean,
) {
  const url = tls ? "sc://host:port/;use_ssl=true;token=…" : "sc://localhost:port/;token=…";
  if (authorization === undefined)
    throw unauthenticated(`this gateway asks for a token: connect with ${url}`);
  const token = /^Bearer +(\S+) *$/iu.exec(authorization)?.[1];
  if (token === undefined) {
    throw unauthenticated(`the header "authorization" holds no bearer token: connect with ${url}`);
  }
  for (const verifier of verifiers) {
    const identity = await verifier.verify(token);
    if (identity !== undefined) return identity;
  }
  throw unauthenticated(
    "the token is not known here: see that it is whole, or ask whoever runs this gateway for a new one",
  );
}
