import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { text } from "node:stream/consumers";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { SessionHandle, SparkConnectError, SparkSession } from "@duet/spark-connect";
import type { GatewayEvent } from "./events.ts";
import { tokenHash } from "./identity/credential.ts";
import { driverAt, type GatewayOptions } from "./index.ts";
import {
  type CertificateFiles,
  createAuthority,
  LOCAL_NAMES,
  type TestAuthority,
} from "./testing/certificates.ts";
import { PYTHON } from "./testing/test-drivers.ts";
import { type StartedGateway, startTestGateway, untilState } from "./testing/started-gateway.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const ADA = `ada-${randomUUID()}`;
const BOB = `bob-${randomUUID()}`;
const ISSUER = "https://issuer.test";

interface Connection extends Partial<CertificateFiles> {
  readonly url: string;
  readonly authority?: string;
}

interface Answer {
  readonly there?: boolean;
  readonly rows?: readonly number[];
  readonly error?: string;
  readonly retries: number;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let authority: TestAuthority;
let certificate: CertificateFiles;
/** Keeps the one driver of all gateways here. */
let keeper: StartedGateway;
before(async () => {
  folder = await temporaryFolder();
  authority = await createAuthority(folder.path);
  certificate = await authority.issue("gateway", { subject: "CN=gateway", names: LOCAL_NAMES });
  await writeFile(join(folder.path, "tokens.toml"), tokenTable("ada", ADA) + tokenTable("bob", BOB));
  keeper = await startTestGateway();
  keeper.pool.add({ id: "sail" }, await keeper.launcher("sail", "sail"));
  await untilState(keeper, "sail", "ready");
});
after(async () => {
  await keeper[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function tokenTable(user: string, token: string): string {
  return `[[token]]\nuser = "${user}"\nsha256 = "${tokenHash(token)}"\n`;
}

/** A gateway before the driver, and what it has told. */
async function gatewayWith(options: GatewayOptions) {
  const gateway = await startTestGateway(options);
  const events: GatewayEvent[] = [];
  gateway.events.listen((event) => events.push(event));
  const address = keeper.pool.drivers[0]?.connection?.address ?? assert.fail("the driver has gone");
  gateway.pool.add({ id: "sail" }, driverAt(address));
  await untilState(gateway, "sail", "ready");
  return {
    host: gateway.url.replace(/\/;.*/u, ""),
    calls: () => events.filter((event) => event.type === "call-ended"),
    events,
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

/** What the stock client gets, which trusts the test's authority. */
async function stockClient(...connections: readonly Connection[]): Promise<readonly Answer[]> {
  const client = spawn(PYTHON, [join(import.meta.dirname, "testing", "known_client.py")], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: authority.file, GRPC_VERBOSITY: "NONE" },
  });
  client.stdin.end(JSON.stringify(connections));
  const printed = await text(client.stdout);
  return JSON.parse(printed) as Answer[];
}

const GOOD = { there: false, rows: [0, 1, 2], retries: 0 };

describe("the stock client with tokens, over TLS", () => {
  test("is whom its token says, and is told at once what is wrong with one that is not good", async () => {
    const { publicKey, privateKey } = await generateKeyPair("RS256");
    const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "one", alg: "RS256" }] });
    const issuer = createServer((_request, response) => {
      response.setHeader("content-type", "application/json").end(keys);
    }).listen(0, "127.0.0.1");
    await once(issuer, "listening");
    const sign = (sub: string, expires: string) =>
      new SignJWT({})
        .setProtectedHeader({ alg: "RS256", kid: "one" })
        .setSubject(sub)
        .setIssuer(ISSUER)
        .setAudience("duet")
        .setExpirationTime(expires)
        .sign(privateKey);
    await using gateway = await gatewayWith({
      tls: certificate,
      identity: {
        tokens: { file: join(folder.path, "tokens.toml") },
        jsonWebTokens: {
          issuer: ISSUER,
          audience: "duet",
          keys: { url: `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/keys` },
        },
      },
    });
    issuer.closeAllConnections();
    issuer.close();
    const tokenOf = await sign("cleo", "10m");
    const expired = await sign("cleo", "-10m");
    const session = randomUUID();
    const { host } = gateway;
    const clearText = host.replace("127.0.0.1", "localhost");
    const good = await stockClient(
      { url: `${host}/;use_ssl=true;token=${ADA};session_id=${session}` },
      // Another user with the same session id, who says to be the first.
      { url: `${host}/;token=${BOB};session_id=${session};user_id=ada` },
      { url: `${host}/;token=${tokenOf}` },
      { url: `${host}/;token=${ADA};user_id=root;session_id=${session}` },
    );
    assert.deepEqual(good, [GOOD, GOOD, GOOD, { ...GOOD, there: true }]);
    const users = new Set(gateway.calls().map(({ userId }) => userId));
    assert.deepEqual(users, new Set(["ada", "bob", "cleo"]));

    const before = gateway.calls().length;
    const refused = await stockClient(
      { url: `${host}/;use_ssl=true` },
      { url: `${host}/;token=${ADA}x` },
      { url: `${host}/;token=${expired}` },
      { url: `${clearText}/` },
      { url: `${clearText}/;token=${ADA}` },
    );
    const reasons = [
      /this gateway asks for a token: connect with sc:\/\/host:port\/;use_ssl=true;token=…/u,
      /the token is not known here/u,
      /the token expired at \d{4}.*: get a new one from https:\/\/issuer\.test/u,
      /this gateway speaks TLS: connect with sc:\/\/host:port\/;use_ssl=true/u,
      /this gateway speaks TLS/u,
    ];
    for (const [index, reason] of reasons.entries()) {
      const { error = "no error", retries } = refused[index] ?? {};
      assert.equal(retries, 0);
      assert.match(error, reason);
      for (const token of [ADA, expired]) assert.ok(!error.includes(token));
    }
    const calls = gateway.calls().slice(before);
    assert.deepEqual(new Set(calls.map(({ code }) => code)), new Set(["unauthenticated"]));
    const told = JSON.stringify(gateway.events);
    for (const token of [ADA, BOB, tokenOf, expired]) assert.ok(!told.includes(token));
  });
});

describe("the stock client with a certificate", () => {
  test("is whom its certificate names", async () => {
    await using gateway = await gatewayWith({
      tls: { ...certificate, clientAuthority: authority.file },
      identity: { certificates: { user: "common-name" } },
    });
    const ada = await authority.issue("ada", { subject: "CN=ada" });
    const stranger = await createAuthority(folder.path, "stranger");
    const eve = await stranger.issue("eve", { subject: "CN=ada" });
    const url = `${gateway.host}/;use_ssl=true;user_id=root`;
    const [good, untrusted, none] = await stockClient(
      { url, ...ada, authority: authority.file },
      { url, ...eve, authority: authority.file },
      { url },
    );
    assert.deepEqual(good, GOOD);
    assert.deepEqual([untrusted?.retries, none?.retries], [0, 0]);
    assert.match(untrusted?.error ?? "", /the client certificate is not trusted here/u);
    assert.match(none?.error ?? "", /this gateway asks for a client certificate, and none was shown/u);
    assert.deepEqual(new Set(gateway.calls().map(({ userId }) => userId)), new Set(["ada", ""]));
  });
});

describe("the stock client on the gateway's machine", () => {
  test("may send its token in clear text, and finds its limits", async () => {
    await using gateway = await gatewayWith({
      identity: { tokens: { file: join(folder.path, "tokens.toml") } },
      limits: { users: { bob: { sessions: 1 } } },
    });
    const host = gateway.host.replace("127.0.0.1", "localhost");
    const [ada, nobody, bob, more] = await stockClient(
      { url: `${host}/;token=${ADA}` },
      { url: host },
      { url: `${host}/;token=${BOB}` },
      { url: `${host}/;token=${BOB}` },
    );
    assert.deepEqual([ada, bob], [GOOD, GOOD]);
    assert.match(nobody?.error ?? "", /connect with sc:\/\/localhost:port\/;token=…/u);
    assert.match(more?.error ?? "", /bob has 1 sessions open, and may have 1/u);
    assert.deepEqual([nobody?.retries, more?.retries], [0, 0]);
  });
});

describe("our own client", () => {
  test("goes over TLS with its token to a gateway whose authority it is told, and says what is wrong at once", async () => {
    await using gateway = await gatewayWith({
      tls: certificate,
      identity: { tokens: { file: join(folder.path, "tokens.toml") } },
      limits: { users: { bob: { sessions: 0 } } },
    });
    const { host } = gateway;
    const authorities = await readFile(authority.file, "utf8");
    {
      await using spark = await SparkSession.connect({
        url: `${host}/;use_ssl=true;token=${ADA}`,
        authorities,
      });
      await spark.execute("create temporary view mine as select 1 as one");
      assert.deepEqual(await spark.sql("select one from mine").collect(), [{ one: 1 }]);
      const handle = { userId: "ada", sessionId: spark.sessionId, userAgent: "test", authorities };
      await using other = new SessionHandle({ ...handle, url: `${host}/;use_ssl=true;token=${ADA}` });
      assert.deepEqual(await other.interruptAll(), []);
    }
    const users = gateway.calls().map(({ userId }) => userId);
    assert.deepEqual(new Set(users), new Set(["ada"]));

    const failures = [
      [`${host}/;use_ssl=true`, authorities, "unauthenticated", /asks for a token: connect with/u],
      [`${host}/;use_ssl=true;token=${ADA}x`, authorities, "unauthenticated", /the token is not known here/u],
      [`${host}/;token=${ADA}`, authorities, "unauthenticated", /this gateway speaks TLS/u],
      [`${host}/;use_ssl=true;token=${BOB}`, authorities, "limit-reached", /bob has 0 sessions open/u],
      [`${host}/;use_ssl=true;token=${ADA}`, undefined, "tls-failed", /could not be encrypted: unable to/u],
      [
        `${keeper.url}/;use_ssl=true;token=${ADA}`,
        authorities,
        "tls-failed",
        /could not be encrypted: .*wrong version number/u,
      ],
    ] as const;
    for (const [url, trusted, code, reason] of failures) {
      const before = gateway.calls().length;
      await assert.rejects(
        // A failure that is tried again would be tried for ever here.
        SparkSession.connect({
          url,
          ...(trusted !== undefined && { authorities: trusted }),
          retry: { maxRetries: Number.MAX_SAFE_INTEGER, maxBackoff: 10 },
        }),
        (error) => {
          assert.ok(error instanceof SparkConnectError);
          assert.equal(error.code, code);
          assert.match(error.message, reason);
          assert.ok(!error.message.includes(ADA));
          return true;
        },
      );
      assert.ok(gateway.calls().length <= before + 1);
    }
  });
});
