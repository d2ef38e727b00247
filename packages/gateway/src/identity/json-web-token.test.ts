import assert from "node:assert/strict";
import { once } from "node:events";
import { rename, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, SignJWT } from "jose";
import { GatewayError, type GatewayErrorCode } from "../grpc/status.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { CredentialFileError } from "./credential.ts";
import { type JsonWebTokenOptions, openJsonWebTokens } from "./json-web-token.ts";

const ISSUER = "https://issuer.test";
const AUDIENCE = "duet";
const NAMED = { issuer: ISSUER, audience: AUDIENCE };

const { publicKey, privateKey } = await generateKeyPair("ES256");
const other = await generateKeyPair("ES256");

async function keySet(...keys: readonly (readonly [string, CryptoKey])[]): Promise<string> {
  const all = keys.map(async ([kid, key]) => ({ ...(await exportJWK(key)), kid, alg: "ES256" }));
  return JSON.stringify({ keys: await Promise.all(all) });
}

function sign(
  claims: Readonly<Record<string, unknown>>,
  key: CryptoKey | Uint8Array = privateKey,
  header = { alg: "ES256", kid: "one" },
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const whole = { iss: ISSUER, aud: AUDIENCE, sub: "ada", exp: now + 600, ...claims };
  return new SignJWT(whole).setProtectedHeader(header).sign(key);
}

async function verifier(more: Partial<JsonWebTokenOptions> = {}) {
  const folder = await temporaryFolder();
  const file = join(folder.path, "keys.json");
  await writeFile(file, await keySet(["one", publicKey]));
  const tokens = await openJsonWebTokens({ ...NAMED, keys: { file }, ...more });
  return {
    verify: tokens.verify,
    [Symbol.asyncDispose]: async () => {
      tokens[Symbol.dispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function refused(
  verify: (token: string) => Promise<unknown>,
  token: string,
  reason: RegExp,
  code: GatewayErrorCode = "unauthenticated",
): Promise<void> {
  await assert.rejects(verify(token), (error) => {
    assert.ok(error instanceof GatewayError);
    assert.equal(error.code, code);
    assert.match(error.message, reason);
    for (const part of token.split(".")) assert.ok(!error.message.includes(part));
    return true;
  });
}

describe("JSON Web Tokens", () => {
  test("name the user, and the pool by the claim that is set for it", async () => {
    await using tokens = await verifier();
    assert.deepEqual(await tokens.verify(await sign({ pool: "big" })), { userId: "ada", pool: undefined });
    // Now from memory.
    const token = await sign({});
    assert.deepEqual(await tokens.verify(token), await tokens.verify(token));
    await using claims = await verifier({ userClaim: "email", poolClaim: "https://issuer.test/pool" });
    const claimed = await sign({ email: "ada@issuer.test", "https://issuer.test/pool": "big" });
    assert.deepEqual(await claims.verify(claimed), { userId: "ada@issuer.test", pool: "big" });
    assert.equal((await claims.verify(await sign({ email: "b" })))?.pool, undefined);
  });

  test("what is no such token is left to others", async () => {
    await using tokens = await verifier();
    assert.equal(await tokens.verify("a-static-token"), undefined);
    assert.equal(await tokens.verify("a.b"), undefined);
  });

  test("a token that does not fit is refused with the reason and what to do", async () => {
    await using tokens = await verifier();
    const past = Math.floor(Date.now() / 1000) - 60;
    const cases: readonly (readonly [string, RegExp])[] = [
      [await sign({ iss: "https://else.test" }), /"iss" does not fit: it must be "https:\/\/issuer\.test"/u],
      [await sign({ aud: ["else"] }), /"aud" does not fit: "duet" must be in it/u],
      [
        await sign({ exp: past }),
        /^the token expired at \d{4}-.*: get a new one from https:\/\/issuer\.test$/u,
      ],
      [await sign({ exp: undefined }), /"exp" does not fit: a token must say when it expires/u],
      [await sign({ nbf: past + 660 }), /"nbf" does not fit: the token is not valid yet/u],
      [await sign({ sub: undefined }), /"sub" names no user/u],
      [await sign({ sub: "a\nb" }), /"sub" names no user/u],
      [await sign({}, other.privateKey), /not signed by a key of https:\/\/issuer\.test/u],
      [await sign({}, privateKey, { alg: "ES256", kid: "two" }), /not signed by a key of/u],
      ["bm9uZQ.bm9uZQ.bm9uZQ", /cannot be read \(ERR_\w+\)/u],
    ];
    for (const [token, reason] of cases) await refused(tokens.verify, token, reason);
  });

  test("a public key is no secret to sign with, and a signature there must be", async () => {
    await using tokens = await verifier();
    const pem = Buffer.from(await exportSPKI(publicKey));
    await refused(
      tokens.verify,
      await sign({}, pem, { alg: "HS256", kid: "one" }),
      /signature must be one of/u,
    );
    const [, payload = ""] = (await sign({})).split(".");
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    assert.equal(await tokens.verify(`${none}.${payload}.`), undefined);
    await refused(tokens.verify, `${none}.${payload}.${payload}`, /signature must be one of/u);
  });

  test("a key may be a PEM; a file that holds none is refused", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "key.pem");
    await writeFile(file, await exportSPKI(publicKey));
    using tokens = await openJsonWebTokens({ ...NAMED, keys: { file } });
    assert.equal((await tokens.verify(await sign({})))?.userId, "ada");
    await writeFile(file, "no key");
    await assert.rejects(openJsonWebTokens({ ...NAMED, keys: { file } }), CredentialFileError);
  });

  test("keys are read anew, and a token of a key that has gone is good no longer", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "keys.json");
    await writeFile(file, await keySet(["one", publicKey]));
    const read = Promise.withResolvers<string | undefined>();
    using tokens = await openJsonWebTokens(
      { ...NAMED, keys: { file } },
      {
        interval: 10,
        onReread: (_file, error) => {
          read.resolve(error);
        },
      },
    );
    const token = await sign({});
    assert.equal((await tokens.verify(token))?.userId, "ada");
    await writeFile(`${file}.new`, await keySet(["two", other.publicKey]));
    await rename(`${file}.new`, file);
    assert.equal(await read.promise, undefined);
    await refused(tokens.verify, token, /not signed by a key of/u);
    const next = await sign({}, other.privateKey, { alg: "ES256", kid: "two" });
    assert.equal((await tokens.verify(next))?.userId, "ada");
  });
});

describe("keys at an address", () => {
  test("are had from there once, and stay in use when it is away", async () => {
    const keys = await keySet(["one", publicKey]);
    let asked = 0;
    const server = createServer((_request, response) => {
      asked += 1;
      response.setHeader("content-type", "application/json").end(keys);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
    using tokens = await openJsonWebTokens({ ...NAMED, keys: { url } });
    assert.equal((await tokens.verify(await sign({})))?.userId, "ada");
    server.closeAllConnections();
    server.close();
    await once(server, "close");
    assert.equal((await tokens.verify(await sign({ sub: "bob" })))?.userId, "bob");
    // A key that nobody knows: not asked for again so soon after.
    await refused(
      tokens.verify,
      await sign({}, privateKey, { alg: "ES256", kid: "x" }),
      /not signed by a key/u,
    );
    assert.equal(asked, 1);
  });

  test("that were never had are the gateway's trouble, not the client's", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
    server.close();
    await once(server, "close");
    const told: (string | undefined)[] = [];
    using tokens = await openJsonWebTokens(
      { ...NAMED, keys: { url } },
      { onReread: (_file, error) => void told.push(error) },
    );
    assert.match(told[0] ?? "", /ECONNREFUSED/u);
    await refused(
      tokens.verify,
      await sign({}),
      /^the keys of the tokens' issuer could not be read from http:.*ECONNREFUSED/u,
      "identity-unavailable",
    );
  });
});
