import type { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/** The certificate that a client has shown when it connected; `absent` also where it was not asked for one. */
export type ClientCertificate =
  | { readonly type: "absent" }
  /** With OpenSSL's name of what is wrong: `CERT_HAS_EXPIRED`. */
  | { readonly type: "untrusted"; readonly reason: string }
  | { readonly type: "trusted"; readonly certificate: X509Certificate };

/** The other end of a client's connection. */
export interface Peer {
  /** `127.0.0.1:51234` */
  readonly address: string;
  readonly encrypted: boolean;
  readonly certificate: ClientCertificate;
}

/** Reads it from a connection whose TLS handshake, if any, is over. */
export function peerOf(socket: Socket | TLSSocket): Peer {
  const address = `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? 0}`;
  if (!isEncrypted(socket)) return { address, encrypted: false, certificate: { type: "absent" } };
  return { address, encrypted: true, certificate: certificateOf(socket) };
}

function isEncrypted(socket: Socket | TLSSocket): socket is TLSSocket {
  return "encrypted" in socket && socket.encrypted;
}

function certificateOf(socket: TLSSocket): ClientCertificate {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return { type: "absent" };
  if (socket.authorized) return { type: "trusted", certificate };
  // An error by its type, a code in truth.
  const reason: unknown = socket.authorizationError;
  return { type: "untrusted", reason: reason instanceof Error ? reason.message : String(reason) };
}
