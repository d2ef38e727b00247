import type { IdentityOptions, TlsOptions } from "@duet/gateway";
import type { GatewayTable } from "./gateway-schema.ts";
import type { Resolution } from "./resolution.ts";
import type { HostPort } from "./units.ts";

/** The files of TLS. */
export function resolveTls({ tls }: GatewayTable, resolution: Resolution): TlsOptions | undefined {
  if (tls === undefined) return undefined;
  const clientAuthority = resolution.path(tls["client-ca"]);
  return {
    certificate: resolution.path(tls.certificate),
    key: resolution.path(tls.key),
    ...(clientAuthority === undefined ? {} : { clientAuthority }),
  };
}

/** How users are known; what others can reach must be encrypted and ask who they are. */
export function resolveIdentity(
  { authentication = {} }: GatewayTable,
  tls: TlsOptions | undefined,
  listen: HostPort,
  resolution: Resolution,
): IdentityOptions {
  const { tokens, jwt, certificates } = authentication;
  if (certificates !== undefined && tls?.clientAuthority === undefined) {
    resolution.mistake(["authentication", "certificates"], "needs `client-ca` in [gateway.tls]");
  }
  if (!resolution.isLoopback(listen.host)) {
    const key = ["listen"];
    if (tls === undefined) resolution.mistake(key, `${listen.host} is reached by others: add [gateway.tls]`);
    if (tokens === undefined && jwt === undefined && certificates === undefined)
      resolution.mistake(key, `${listen.host} is reached by others: add [gateway.authentication]`);
  }
  return {
    ...(tokens === undefined ? {} : { tokens: { file: resolution.path(tokens) } }),
    ...(jwt === undefined ? {} : { jsonWebTokens: resolveJwt(jwt, resolution) }),
    ...(certificates === undefined ? {} : { certificates: { user: certificates } }),
  };
}

type JwtTable = NonNullable<NonNullable<GatewayTable["authentication"]>["jwt"]>;

function resolveJwt(jwt: JwtTable, resolution: Resolution): NonNullable<IdentityOptions["jsonWebTokens"]> {
  const { issuer, audience, keys, "user-claim": userClaim, "pool-claim": poolClaim } = jwt;
  const isAddress = /^[a-z][a-z0-9+.-]*:\/\//iu.test(keys);
  if (isAddress && !isSafeAddress(keys, resolution)) {
    resolution.mistake(
      ["authentication", "jwt", "keys"],
      "must come over https, or from this machine itself",
    );
  }
  return {
    ...{ issuer, audience },
    keys: isAddress ? { url: keys } : { file: resolution.path(keys) },
    ...(userClaim === undefined ? {} : { userClaim }),
    ...(poolClaim === undefined ? {} : { poolClaim }),
  };
}

function isSafeAddress(address: string, resolution: Resolution): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return (
    protocol === "https:" ||
    (protocol === "http:" && resolution.isLoopback(hostname.replace(/^\[|\]$/gu, "")))
  );
}
