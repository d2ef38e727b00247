import { webcrypto } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
// Must come before the library, which asks for it.
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  type JsonGeneralName,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

const HOUR = 3_600_000;

/** A certificate and its key as PEM files. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate says. */
export interface CertificateRequest {
  /** `CN=ada` */
  readonly subject: string;
  readonly names?: JsonGeneralName[];
  /** By default an hour from now. */
  readonly notAfter?: Date;
}

/** An authority of a test's own. */
export interface TestAuthority {
  /** Its certificate, as a PEM file. */
  readonly file: string;
  /** Writes `<name>.crt` and `<name>.key` into the folder; the same name again replaces them. */
  issue(name: string, request: CertificateRequest): Promise<CertificateFiles>;
}

/** The names of this machine for itself. */
export const LOCAL_NAMES: JsonGeneralName[] = [
  { type: "dns", value: "localhost" },
  { type: "ip", value: "127.0.0.1" },
];

/** Makes one whose files lie in this folder. */
export async function createAuthority(folder: string, name = "authority"): Promise<TestAuthority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    ...validity(),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  const file = join(folder, `${name}.crt`);
  await writeFile(file, certificate.toString("pem"));
  return { file, issue: (of, request) => issue(folder, of, request, certificate, keys.privateKey) };
}

async function issue(
  folder: string,
  name: string,
  { subject, names = [], notAfter }: CertificateRequest,
  authority: X509Certificate,
  signingKey: webcrypto.CryptoKey,
): Promise<CertificateFiles> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: authority.subject,
    ...validity(notAfter),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)],
  });
  const files = { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  await writeFile(files.certificate, certificate.toString("pem"));
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  await writeFile(files.key, `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`);
  return files;
}

function validity(notAfter = new Date(Date.now() + HOUR)) {
  return { notBefore: new Date(Date.now() - HOUR), notAfter };
}
