import { constants } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext, createServer, type SecureContextOptions, type Server } from "node:tls";
import { CredentialFileError } from "./credential.ts";
import { WatchedFiles, type WatchOptions } from "./watched-files.ts";

/** Encryption towards clients; all are paths of PEM files, read anew when they change. */
export interface TlsOptions {
  /** The gateway's certificate, followed by those between it and its root. */
  readonly certificate: string;
  /** Its private key. */
  readonly key: string;
  /** Certificates of the authorities that clients must have theirs from (mutual TLS). */
  readonly clientAuthority?: string;
}

/** Milliseconds that a client has for the handshake. */
const HANDSHAKE_TIMEOUT = 10_000;

/**
 * A TLS server without a port: connections are handed to it by its event `connection`. New ones get the certificate of
 * the moment, running ones keep theirs. A client certificate that is missing or not trusted ends no handshake: clients
 * would only see a broken connection, and try again for minutes. So every call must be checked ({@link Peer}).
 * @throws {CredentialFileError} when the files do not hold a certificate and its key
 */
export async function openTls(
  options: TlsOptions,
  { onReread = () => undefined, ...watch }: WatchOptions = {},
): Promise<{ readonly server: Server } & Disposable> {
  const files = [
    options.certificate,
    options.key,
    ...(options.clientAuthority === undefined ? [] : [options.clientAuthority]),
  ];
  const contexts = await WatchedFiles.open(files, () => readContext(options), {
    ...watch,
    onReread: (file, error) => {
      if (error === undefined) server.setSecureContext(contexts.current);
      onReread(file, error);
    },
  });
  const server = createServer({
    ...contexts.current,
    ALPNProtocols: ["h2", "http/1.1"],
    handshakeTimeout: HANDSHAKE_TIMEOUT,
    requestCert: options.clientAuthority !== undefined,
    rejectUnauthorized: false,
  });
  return {
    server,
    [Symbol.dispose]: () => {
      contexts[Symbol.dispose]();
    },
  };
}

async function readContext({ certificate, key, clientAuthority }: TlsOptions): Promise<SecureContextOptions> {
  const context: SecureContextOptions = {
    cert: await readFile(certificate),
    key: await readFile(key),
    ...(clientAuthority === undefined ? {} : { ca: await readFile(clientAuthority) }),
    // A resumed connection shows no certificate again, and would outlive a change of the authority.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
  try {
    createSecureContext(context);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CredentialFileError(
      `${certificate} and ${key} are not a certificate and its private key as PEM: ${reason}`,
      { cause },
    );
  }
  return context;
}
