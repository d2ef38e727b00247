import type { X509Certificate } from "node:crypto";
import { isName, unauthenticated } from "./credential.ts";
import type { Identity } from "./identity.ts";
import type { ClientCertificate } from "./peer.ts";

/** Where a client certificate names its user: in its subject, or as the one alternative name of a kind. */
export type CertificateUser = "common-name" | "email" | "uri" | "dns";

/** Users by their client certificates. */
export interface CertificateOptions {
  /** By default `common-name`. */
  readonly user?: CertificateUser;
}

/** @throws {GatewayError} `unauthenticated` unless the certificate is there, trusted and still valid */
export function checkCertificate(shown: ClientCertificate): X509Certificate {
  if (shown.type === "absent") {
    throw unauthenticated(
      "this gateway asks for a client certificate, and none was shown: set one in your client's channel (mutual TLS)",
    );
  }
  if (shown.type === "untrusted") {
    throw unauthenticated(
      `the client certificate is not trusted here (${shown.reason}): get one of the gateway's authority`,
    );
  }
  const { certificate } = shown;
  // Checked when the connection was made, which may have been long ago.
  if (certificate.validToDate.getTime() <= Date.now()) {
    throw unauthenticated(
      `the client certificate expired at ${certificate.validTo}: get a new one and connect again`,
    );
  }
  return certificate;
}

/** The user of a trusted certificate. @throws {GatewayError} `unauthenticated` when it names none, or several */
export function certificateIdentity(
  certificate: X509Certificate,
  { user = "common-name" }: CertificateOptions,
): Identity {
  const names =
    user === "common-name" ? commonNames(certificate) : alternativeNames(certificate, KINDS[user]);
  const [userId, ...others] = names;
  if (userId === undefined || others.length > 0 || !isName(userId)) {
    const found = names.length === 0 ? "none" : "not just one";
    throw unauthenticated(
      `the client certificate must name one user (${user}), and names ${found}: get another one`,
    );
  }
  return { userId, pool: undefined };
}

const KINDS = { email: "email", uri: "URI", dns: "DNS" } as const;

function commonNames(certificate: X509Certificate): readonly string[] {
  const name: string | string[] | undefined = certificate.toLegacyObject().subject.CN;
  return name === undefined ? [] : [name].flat();
}

/** Node puts a name in quotes, escaped as in JSON, where it could be taken for several. */
function alternativeNames({ subjectAltName = "" }: X509Certificate, kind: string): readonly string[] {
  return [...subjectAltName.matchAll(/(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/gu)]
    .filter(([, found]) => found === kind)
    .map(([, , value = ""]) => (value.startsWith('"') ? (JSON.parse(value) as string) : value));
}
