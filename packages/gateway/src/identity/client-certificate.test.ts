import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { GatewayError } from "../grpc/status.ts";
import { type CertificateRequest, createAuthority } from "../testing/certificates.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { type CertificateUser, certificateIdentity, checkCertificate } from "./client-certificate.ts";

async function certificate(request: CertificateRequest): Promise<X509Certificate> {
  await using folder = await temporaryFolder();
  const authority = await createAuthority(folder.path);
  const files = await authority.issue("client", request);
  return new X509Certificate(await readFile(files.certificate));
}

function refusal(reason: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof GatewayError);
    assert.equal(error.code, "unauthenticated");
    assert.match(error.message, reason);
    return true;
  };
}

describe("the user of a client certificate", () => {
  test("stands where the options say", async () => {
    const shown = await certificate({
      subject: "O=lab,CN=ada",
      names: [
        { type: "email", value: "ada@lab.test" },
        { type: "url", value: "spiffe://lab.test/ada" },
        { type: "dns", value: "ada.lab.test" },
      ],
    });
    const found = (user: CertificateUser) => certificateIdentity(shown, { user }).userId;
    assert.equal(certificateIdentity(shown, {}).userId, "ada");
    assert.equal(found("common-name"), "ada");
    assert.equal(found("email"), "ada@lab.test");
    assert.equal(found("uri"), "spiffe://lab.test/ada");
    assert.equal(found("dns"), "ada.lab.test");
  });

  test("is one, or nobody: a name that looks like two stays one", async () => {
    const two = await certificate({
      subject: "CN=ada,CN=bob",
      names: [
        { type: "email", value: "ada@lab.test" },
        { type: "email", value: "bob@lab.test" },
      ],
    });
    assert.throws(
      () => certificateIdentity(two, {}),
      refusal(/one user \(common-name\), and names not just one/u),
    );
    assert.throws(() => certificateIdentity(two, { user: "email" }), refusal(/names not just one/u));
    assert.throws(() => certificateIdentity(two, { user: "uri" }), refusal(/names none/u));
    const sly = await certificate({
      subject: "O=lab",
      names: [{ type: "url", value: "spiffe://lab.test/bob, email:ada@lab.test" }],
    });
    assert.throws(() => certificateIdentity(sly, { user: "email" }), refusal(/names none/u));
    assert.throws(() => certificateIdentity(sly, {}), refusal(/names none/u));
    assert.equal(
      certificateIdentity(sly, { user: "uri" }).userId,
      "spiffe://lab.test/bob, email:ada@lab.test",
    );
  });

  test("counts only while the certificate is trusted and valid", async () => {
    const valid = await certificate({ subject: "CN=ada" });
    assert.equal(checkCertificate({ type: "trusted", certificate: valid }), valid);
    const over = await certificate({ subject: "CN=ada", notAfter: new Date(Date.now() - 1000) });
    assert.throws(
      () => checkCertificate({ type: "trusted", certificate: over }),
      refusal(/^the client certificate expired at .*: get a new one and connect again$/u),
    );
    assert.throws(() => checkCertificate({ type: "absent" }), refusal(/asks for a client certificate/u));
    assert.throws(
      () => checkCertificate({ type: "untrusted", reason: "SELF_SIGNED" }),
      refusal(/is not trusted here \(SELF_SIGNED\)/u),
    );
  });
});
