import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConnectionUrl } from "./connection-url.ts";

test("host and port are taken apart, the port has a default", () => {
  assert.deepEqual(parseConnectionUrl("sc://spark.example:15009"), {
    host: "spark.example",
    port: 15_009,
    secure: false,
    headers: {},
  });
  assert.equal(parseConnectionUrl("sc://localhost").port, 15_002);
  assert.equal(parseConnectionUrl("sc://localhost:1/").port, 1);
  assert.equal(parseConnectionUrl("sc://[::1]:9").host, "::1");
});

test("parameters are decoded, unknown ones become headers", () => {
  const url = parseConnectionUrl(
    "sc://h:1/;use_ssl=true;token=a%3Bb;user_id=%E6%9D%8E;user_agent=x;x-team=a=b;session_id=0b5a6d3e-1111-4222-8333-444455556666",
  );
  assert.deepEqual(url, {
    host: "h",
    port: 1,
    secure: true,
    token: "a;b",
    userId: "李",
    userAgent: "x",
    sessionId: "0b5a6d3e-1111-4222-8333-444455556666",
    headers: { "x-team": "a=b" },
  });
});

test("a token turns TLS on, save towards this machine and where it is turned off", () => {
  assert.equal(parseConnectionUrl("sc://h/;token=t").secure, true);
  assert.equal(parseConnectionUrl("sc://127.0.0.1/;token=t").secure, false);
  assert.equal(parseConnectionUrl("sc://h/;token=t;use_ssl=false").secure, false);
});

for (const url of [
  "http://h:1",
  "sc://",
  "sc://:15002",
  "sc://h:0",
  "sc://h:70000",
  "sc://h:x",
  "sc://h/path",
  "sc://h/;=x",
  "sc://h/;x",
  "sc://h/;x=%zz",
  "sc://h/;session_id=7",
]) {
  test(`${url} is refused with the address in the message`, () => {
    assert.throws(
      () => parseConnectionUrl(url),
      (error) => error instanceof Error && error.message.startsWith(`invalid-connection-url: "${url}"`),
    );
  });
}

for (const url of [
  "sc://h/;token=hush%zzhush",
  "sc://h/;use_ssl=true;token=hush;hush",
  "sc://h:x/;TOKEN=hush",
]) {
  test(`an error about an address like ${url.replace(/token.*/iu, "token=…")} does not tell its token`, () => {
    assert.throws(
      () => parseConnectionUrl(url),
      (error) =>
        error instanceof Error && error.message.includes(';token=…"') && !error.message.includes("hush"),
    );
  });
}
