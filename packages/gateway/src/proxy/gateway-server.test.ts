import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, rename } from "node:fs/promises";
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  type SecureClientSessionOptions,
} from "node:http2";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Peer } from "../identity/peer.ts";
import type { TlsOptions } from "../identity/tls.ts";
import { createAuthority, LOCAL_NAMES, type TestAuthority } from "../testing/certificates.ts";
import { readAnswer } from "../testing/raw-client.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { GatewayServer } from "./gateway-server.ts";

const METHOD = "/spark.connect.SparkConnectService/Config";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let authority: TestAuthority;
let tls: TlsOptions;
before(async () => {
  folder = await temporaryFolder();
  authority = await createAuthority(folder.path);
  tls = await authority.issue("gateway", { subject: "CN=gateway", names: LOCAL_NAMES });
});
after(async () => {
  await folder[Symbol.asyncDispose]();
});

interface Heard {
  readonly port: number;
  /** By which connections calls came. */
  readonly peers: readonly Peer[];
  readonly refused: readonly string[];
  /** Resolves with the error when certificates have been read anew. */
  readonly reread: Promise<string | undefined>;
}

/** A server that answers every call with status 0. */
async function listen(options: TlsOptions | undefined): Promise<Heard & AsyncDisposable> {
  const peers: Peer[] = [];
  const refused: string[] = [];
  const reread = Promise.withResolvers<string | undefined>();
  const server = await GatewayServer.listen(
    (client, _headers, peer) => {
      peers.push(peer);
      client.respond(
        { ":status": 200, "content-type": "application/grpc", "grpc-status": "0" },
        { endStream: true },
      );
      return Promise.resolve();
    },
    { ...(options && { tls: options }), certificateCheck: 10 },
    {
      refused: (_address, reason) => void refused.push(reason),
      reread: (_file, error) => {
        reread.resolve(error);
      },
    },
  );
  return {
    port: server.address.port,
    peers,
    refused,
    reread: reread.promise,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Makes one call on a connection of its own. */
async function call(url: string, options: SecureClientSessionOptions = {}) {
  const session = connectHttp2(url, options);
  try {
    await connected(session);
    const socket = session.socket as TLSSocket;
    const stream = session.request({
      ":method": "POST",
      ":path": METHOD,
      "content-type": "application/grpc",
    });
    stream.end();
    const { status } = await readAnswer(stream);
    return {
      status,
      serial: url.startsWith("https:") ? socket.getPeerCertificate().serialNumber : undefined,
    };
  } finally {
    session.destroy();
  }
}

async function connected(session: ClientHttp2Session): Promise<void> {
  // Throws what the connection fails with.
  await once(session, "connect");
  session.on("error", () => undefined);
}

async function trusting(client?: { readonly certificate: string; readonly key: string }) {
  const ca = await readFile(authority.file);
  if (client === undefined) return { ca };
  return { ca, cert: await readFile(client.certificate), key: await readFile(client.key) };
}

describe("TLS", () => {
  test("serves HTTP/2 to who trusts the certificate", async () => {
    await using server = await listen(tls);
    for (const name of ["127.0.0.1", "localhost"]) {
      assert.equal((await call(`https://${name}:${server.port}`, await trusting())).status, 0);
    }
    assert.deepEqual(
      server.peers.map(({ encrypted, certificate }) => [encrypted, certificate.type]),
      [
        [true, "absent"],
        [true, "absent"],
      ],
    );
    assert.match(server.peers[0]?.address ?? "", /^127\.0\.0\.1:\d+$/u);
    await assert.rejects(call(`https://127.0.0.1:${server.port}`), {
      code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    });
  });

  test("tells calls that come in clear text apart", async () => {
    await using server = await listen(tls);
    await call(`http://127.0.0.1:${server.port}`);
    await call(`https://127.0.0.1:${server.port}`, await trusting());
    assert.deepEqual(
      server.peers.map(({ encrypted }) => encrypted),
      [false, true],
    );
  });

  test("says which client certificate was shown, trusted or not, and none without ending the handshake", async () => {
    await using server = await listen({ ...tls, clientAuthority: authority.file });
    const url = `https://127.0.0.1:${server.port}`;
    const ada = await authority.issue("ada", { subject: "CN=ada" });
    const stranger = await createAuthority(folder.path, "stranger");
    const eve = await stranger.issue("eve", { subject: "CN=ada" });
    const old = await authority.issue("old", { subject: "CN=ada", notAfter: new Date(Date.now() - 1000) });
    for (const client of [undefined, ada, eve, old]) {
      // Twice: the second must not be taken for a known one.
      for (let time = 0; time < 2; time += 1) {
        assert.equal((await call(url, await trusting(client))).status, 0);
      }
    }
    const shown = server.peers.map(({ certificate }) =>
      certificate.type === "untrusted" ? certificate.reason : certificate.type,
    );
    const expected = ["absent", "trusted", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "CERT_HAS_EXPIRED"];
    assert.deepEqual(
      shown,
      expected.flatMap((one) => [one, one]),
    );
  });

  test("a resumed connection is not taken for a trusted one", async () => {
    await using server = await listen({ ...tls, clientAuthority: authority.file });
    const ca = await readFile(authority.file);
    let session: Buffer | undefined;
    for (let time = 0; time < 2; time += 1) {
      const socket = connectTls({
        ...{ port: server.port, host: "127.0.0.1", ca, ALPNProtocols: ["h2"] },
        ...(session && { session }),
      });
      socket.on("session", (given) => (session = given));
      await once(socket, "secureConnect");
      const client = connectHttp2(`https://127.0.0.1:${server.port}`, { createConnection: () => socket });
      const stream = client.request({
        ":method": "POST",
        ":path": METHOD,
        "content-type": "application/grpc",
      });
      stream.end();
      assert.equal((await readAnswer(stream)).status, 0);
      assert.equal(socket.isSessionReused(), false);
      client.destroy();
    }
    assert.deepEqual(
      server.peers.map(({ certificate }) => certificate.type),
      ["absent", "absent"],
    );
  });

  test("takes a new certificate when its files change, and leaves running connections", async () => {
    const files = await authority.issue("renewed", { subject: "CN=first", names: LOCAL_NAMES });
    await using server = await listen(files);
    const url = `https://127.0.0.1:${server.port}`;
    const running = connectHttp2(url, await trusting());
    await connected(running);
    const first = (await call(url, await trusting())).serial;
    const next = await authority.issue("next", { subject: "CN=second", names: LOCAL_NAMES });
    await rename(next.key, files.key);
    // Both have been read together, or the key alone does not fit yet and the old ones stay.
    await rename(next.certificate, files.certificate);
    await server.reread;
    while ((await call(url, await trusting())).serial === first);
    const stream = running.request({
      ":method": "POST",
      ":path": METHOD,
      "content-type": "application/grpc",
    });
    stream.end();
    assert.equal((await readAnswer(stream)).status, 0);
    running.destroy();
  });

  test("files that hold no certificate and key are refused at the start", async () => {
    await assert.rejects(
      listen({ certificate: tls.key, key: tls.key }),
      /are not a certificate and its private key/u,
    );
    const other = await authority.issue("other", { subject: "CN=other" });
    await assert.rejects(listen({ ...tls, key: other.key }), /key values mismatch/u);
  });
});

describe("connections that nobody can serve", () => {
  test("HTTP/1.1 within TLS gets an answer that says what is spoken", async () => {
    await using server = await listen(tls);
    const { ca } = await trusting();
    const socket = connectTls({ port: server.port, host: "127.0.0.1", ca, ALPNProtocols: ["http/1.1"] });
    await once(socket, "secureConnect");
    socket.write("GET / HTTP/1.1\r\nHost: gateway\r\n\r\n");
    const text = Buffer.concat(await Array.fromAsync(socket as AsyncIterable<Buffer>)).toString();
    assert.match(text, /^HTTP\/1\.1 400 .*Spark Connect/su);
    assert.deepEqual(server.refused, ["it speaks no HTTP/2"]);
  });

  test("a broken handshake, and TLS where there is none, are told and disturb nobody", async () => {
    await using secure = await listen(tls);
    const broken = connect(secure.port, "127.0.0.1");
    broken.on("error", () => undefined);
    broken.resume();
    broken.write(Buffer.from([0x16, 9, 9, 9, 9, 9, 9, 9, 9]));
    await once(broken, "close");
    assert.equal(secure.refused.length, 1);
    assert.match(secure.refused[0] ?? "", /^the TLS handshake failed: /u);
    assert.equal((await call(`https://127.0.0.1:${secure.port}`, await trusting())).status, 0);

    await using clear = await listen(undefined);
    await assert.rejects(call(`https://127.0.0.1:${clear.port}`, await trusting()), /wrong version number/u);
    assert.deepEqual(clear.refused, ["it speaks TLS, and the gateway does not"]);
    assert.equal((await call(`http://127.0.0.1:${clear.port}`)).status, 0);
  });

  test("an old version of TLS is refused", async () => {
    await using server = await listen(tls);
    const socket = connectTls({
      ...{ port: server.port, host: "127.0.0.1", ...(await trusting()), ALPNProtocols: ["h2"] },
      ...{ minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" },
    });
    const [error] = (await once(socket, "error")) as [Error];
    assert.match(error.message, /alert protocol version/u);
  });
});
