import type { GatewayEvents } from "../events.ts";
import { type IdentityOptions, openAuthenticator } from "./authenticator.ts";
import { checkExposure } from "./exposure.ts";
import type { Authenticator, Limits } from "./identity.ts";
import { type LimitOptions, userLimits } from "./limits.ts";
import type { TlsOptions } from "./tls.ts";

/** Who may use a gateway, how they are known, and how much they may take. */
export interface AccessOptions {
  /** By default 127.0.0.1. Beyond this machine there must be TLS, and a way to know users. */
  readonly host?: string;
  readonly tls?: TlsOptions;
  /** By default nobody is asked who they are. */
  readonly identity?: IdentityOptions;
  /** By default there are none. */
  readonly limits?: LimitOptions;
}

/** What a gateway asks of each call. */
export interface OpenIdentity extends Disposable {
  readonly authenticator: Authenticator;
  readonly limits: Limits;
}

/**
 * Opens all of it, and tells of files that were read anew.
 * @throws {RangeError} when others than this machine could come in unknown or in clear text
 * @throws {CredentialFileError} when a file cannot be used
 */
export async function openIdentity(
  { host = "127.0.0.1", tls, identity = {}, limits = {} }: AccessOptions,
  events: GatewayEvents,
): Promise<OpenIdentity> {
  checkExposure(host, tls, identity);
  const authenticator = await openAuthenticator(identity, tls, {
    onReread: (file, error) => {
      events.emit({ type: "credentials-read", file, error });
    },
  });
  return {
    authenticator,
    limits: userLimits(limits),
    [Symbol.dispose]: () => {
      authenticator[Symbol.dispose]();
    },
  };
}
