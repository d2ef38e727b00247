import type { IdentityOptions } from "./authenticator.ts";
import type { TlsOptions } from "./tls.ts";

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/u;

/** Whether only this machine itself can reach an address. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/**
 * Sees to it that what others can reach is encrypted and asks who they are.
 * @throws {RangeError} what is missing
 */
export function checkExposure(
  host: string,
  tls: TlsOptions | undefined,
  { tokens, jsonWebTokens, certificates }: IdentityOptions,
): void {
  if (certificates !== undefined && tls?.clientAuthority === undefined) {
    throw new RangeError(
      "users are known by client certificates, and TLS has no authority that these must be of",
    );
  }
  const url = jsonWebTokens !== undefined && "url" in jsonWebTokens.keys ? jsonWebTokens.keys.url : undefined;
  if (url !== undefined && !isSafe(url)) {
    throw new RangeError(`${url}: keys must come over https, or from this machine itself`);
  }
  if (isLoopback(host)) return;
  if (tls === undefined) {
    throw new RangeError(
      `others than this machine can reach ${host}: give the gateway a certificate for TLS`,
    );
  }
  if (tokens === undefined && jsonWebTokens === undefined && certificates === undefined) {
    throw new RangeError(
      `others than this machine can reach ${host}: say how users are known (tokens, JSON Web Tokens or certificates)`,
    );
  }
}

function isSafe(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname.replace(/^\[|\]$/gu, "")));
}
