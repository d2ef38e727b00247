import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http2";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { InterruptRequest_InterruptType, SparkConnectService } from "@duet/spark-connect/wire";
import type { GatewayEvent } from "./events.ts";
import { frameMessage } from "./grpc/message-reader.ts";
import { tokenHash } from "./identity/credential.ts";
import { driverAt, type Gateway, startGateway } from "./index.ts";
import { RawClient, readAnswer } from "./testing/raw-client.ts";
import { startSettingsDriver, type SettingsDriver } from "./testing/settings-driver.ts";
import { untilState } from "./testing/started-gateway.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const ADA = `ada-${randomUUID()}`;
const BOB = `bob-${randomUUID()}`;
const CLEO = `cleo-${randomUUID()}`;

const { config, executePlan, interrupt, reattachExecute, releaseSession } = SparkConnectService.method;

type Method =
  typeof config | typeof executePlan | typeof interrupt | typeof reattachExecute | typeof releaseSession;

function message<M extends Method>(method: M, fields: MessageInitShape<M["input"]>): Buffer {
  return frameMessage(
    Buffer.from(toBinary<M["input"]>(method.input, create<M["input"]>(method.input, fields))),
  );
}

function set(sessionId: string, key: string, value: string, userId = ""): Buffer {
  const operation = { opType: { case: "set" as const, value: { pairs: [{ key, value }] } } };
  return message(config, { sessionId, userContext: { userId }, operation });
}

function get(sessionId: string, key: string): Buffer {
  const operation = { opType: { case: "getOption" as const, value: { keys: [key] } } };
  return message(config, { sessionId, userContext: { userId: "ada" }, operation });
}

function execute(sessionId: string, query: string, operationId: string = randomUUID()): Buffer {
  const root = { relType: { case: "sql" as const, value: { query } } };
  const plan = { opType: { case: "root" as const, value: root } };
  return message(executePlan, { sessionId, operationId, userContext: { userId: "ada" }, plan });
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe("clients of a gateway that asks who they are", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let driver: SettingsDriver;
  let gateway: Gateway;
  let client: RawClient;
  let sessionId: string;
  const events: GatewayEvent[] = [];

  before(async () => {
    folder = await temporaryFolder();
    const file = join(folder.path, "tokens.toml");
    const tokens = { ada: ADA, bob: BOB, cleo: CLEO };
    const tables = Object.entries(tokens).map(
      ([user, token]) => `[[token]]\nuser = "${user}"\nsha256 = "${tokenHash(token)}"\n`,
    );
    await writeFile(file, `${tables.join("")}pool = "big"\n`);
    driver = await startSettingsDriver();
    gateway = await startGateway({
      largestRequest: 1_000_000,
      identity: { tokens: { file } },
      limits: { users: { bob: { operations: 1 } } },
    });
    gateway.events.listen((event) => events.push(event));
    for (const [id, pool] of [
      ["small", undefined],
      ["large", "big"],
    ] as const) {
      gateway.pool.add({ id, ...(pool && { pool }) }, driverAt(driver));
      await untilState(gateway, id, "ready");
    }
    client = new RawClient(Number(new URL(gateway.url.replace("sc:", "http:")).port));
  });
  after(async () => {
    await client[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
    await driver[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    sessionId = randomUUID();
    events.length = 0;
  });

  /** What a session has of a setting, for whoever has this token. */
  async function setting(token: string, key: string): Promise<string | undefined> {
    const { body, message: text } = await client.call("Config", get(sessionId, key), bearer(token));
    assert.equal(text, "");
    return fromBinary(config.output, body.subarray(5)).pairs[0]?.value;
  }

  /** The header, sent as it stands. */
  const refusals: readonly (readonly [string, Readonly<IncomingHttpHeaders>, RegExp])[] = [
    ["no credential", {}, /^this gateway asks for a token: connect with sc:\/\/localhost:port\/;token=…/u],
    ["an unknown token", bearer("unknown"), /^the token is not known here: see that it is whole/u],
    ["a token that is cut off", bearer(ADA.slice(0, -1)), /^the token is not known here/u],
    ["a token's hash", bearer(tokenHash(ADA)), /^the token is not known here/u],
    ["a token in the wrong case", bearer(ADA.toUpperCase()), /^the token is not known here/u],
    ["another scheme", { authorization: `Basic ${ADA}` }, /holds no bearer token/u],
    ["no scheme", { authorization: ADA }, /holds no bearer token/u],
    ["two tokens", { authorization: `Bearer ${ADA} ${BOB}` }, /holds no bearer token/u],
    ["a scheme and no token", { authorization: "Bearer" }, /holds no bearer token/u],
    ["a broken JSON Web Token", bearer("e30.e30.e30"), /^the token is not known here/u],
  ];
  for (const [what, headers, reason] of refusals) {
    test(`with ${what} are refused with what to do, and open no session`, async () => {
      const sent = driver.calls.length;
      const { status, message: text } = await client.call("Config", set(sessionId, "k", "v", "ada"), headers);
      assert.equal(status, 16);
      assert.match(text, reason);
      assert.match(text, /\(unauthenticated\)$/u);
      const told = JSON.stringify([text, events]);
      for (const token of [ADA, BOB, ADA.slice(0, -1)]) assert.ok(!told.includes(token));
      assert.ok(
        driver.calls.slice(sent).every(({ headers: { "user-agent": agent } }) => agent === "duet-gateway"),
      );
      assert.ok(!gateway.sessions.some((session) => session.sessionId === sessionId));
    });
  }

  test("without a credential cannot make the gateway read what they send", async () => {
    const stream = client.begin("ExecutePlan");
    const prefix = Buffer.from([0, 0, 7, 0, 0]);
    stream.write(prefix);
    const { status } = await readAnswer(stream);
    assert.equal(status, 16);
    const [call] = events.filter((event) => event.type === "call-ended");
    assert.equal(call?.requestBytes, 0);
  });

  test("are whom their token says, at the driver too, which never sees the token", async () => {
    await client.call("Config", set(sessionId, "k", "v", "root"), { ...bearer(ADA), "x-trace": "1" });
    const call = driver.calls.findLast(({ headers }) => headers["x-trace"] === "1");
    const { userContext } = fromBinary(config.input, call?.message ?? Buffer.alloc(0));
    assert.deepEqual([userContext?.userId, userContext?.userName], ["ada", "ada"]);
    for (const { headers, message: bytes } of driver.calls) {
      assert.ok(!JSON.stringify(headers).includes(ADA));
      assert.ok(!bytes.includes(ADA));
    }
  });

  test("do not reach a session of another user by its id", async () => {
    const operationId = randomUUID();
    await client.call("Config", set(sessionId, "k", "ada's"), bearer(ADA));
    const run = await client.call("ExecutePlan", execute(sessionId, "a", operationId), bearer(ADA));
    assert.equal(run.status, 0);
    // What needs a session finds none.
    const again = message(reattachExecute, { sessionId, operationId, userContext: { userId: "ada" } });
    const stop = message(interrupt, {
      sessionId,
      userContext: { userId: "ada" },
      interruptType: InterruptRequest_InterruptType.ALL,
    });
    for (const [method, body] of [
      ["ReattachExecute", again],
      ["Interrupt", stop],
    ] as const) {
      const { status, message: text } = await client.call(method, body, bearer(BOB));
      assert.equal(status, 5);
      assert.match(text, /session-unknown/u);
    }
    // What makes one makes another.
    assert.equal(await setting(BOB, "k"), undefined);
    await client.call("Config", set(sessionId, "k", "bob's"), bearer(BOB));
    const end = message(releaseSession, { sessionId, userContext: { userId: "ada" } });
    assert.equal((await client.call("ReleaseSession", end, bearer(BOB))).status, 0);
    assert.equal(await setting(ADA, "k"), "ada's");
    const users = gateway.sessions.filter((session) => session.sessionId === sessionId);
    assert.deepEqual(
      users.map(({ userId }) => userId),
      ["ada"],
    );
  });

  test("whose credential is for one pool get no other", async () => {
    const other = await client.call("Config", set(sessionId, "k", "v"), {
      ...bearer(CLEO),
      "x-duet-pool": "default",
    });
    assert.equal(other.status, 7);
    assert.match(other.message, /is for the pool "big", not for "default".*\(pool-forbidden\)/u);
    const own = await client.call("Config", set(sessionId, "k", "v"), bearer(CLEO));
    assert.equal(own.status, 0);
    const [call] = events.filter((event) => event.type === "call-ended").slice(-1);
    assert.equal(call?.driverId, "large");
  });

  test("take no more at once than they may, and others are not held back", async () => {
    // One operation waits at the driver.
    const halt = driver.halt();
    const first = client.call("ExecutePlan", execute(sessionId, "first"), bearer(BOB));
    await halt.reached;
    const second = await client.call("ExecutePlan", execute(sessionId, "second"), bearer(BOB));
    assert.equal(second.status, 8);
    assert.match(second.message, /bob has 1 operations running, and may have 1.*\(too-many-operations\)/u);
    const others = client.call("ExecutePlan", execute(sessionId, "others"), bearer(ADA));
    halt.resume();
    assert.deepEqual([(await first).status, (await others).status], [0, 0]);
    const third = await client.call("ExecutePlan", execute(sessionId, "third"), bearer(BOB));
    assert.equal(third.status, 0);
  });

  test("that send a small message which grows large when it is decompressed are stopped", async () => {
    const bomb = gzipSync(Buffer.alloc(2_000_000));
    const framed = frameMessage(bomb);
    framed[0] = 1;
    const { status, message: text } = await client.call("ExecutePlan", framed, {
      ...bearer(ADA),
      "grpc-encoding": "gzip",
    });
    assert.equal(status, 8);
    assert.match(text, /message-too-large/u);
    assert.equal((await client.call("Config", set(sessionId, "k", "v"), bearer(ADA))).status, 0);
  });

  test("that break off, or never say a word, disturb nobody", async () => {
    const { port } = new URL(gateway.url.replace("sc:", "http:"));
    const silent = connect(Number(port), "127.0.0.1");
    await once(silent, "connect");
    await using broken = new RawClient(Number(port));
    const stream = broken.begin("ExecutePlan", bearer(ADA));
    stream.write(execute(sessionId, "half").subarray(0, 20));
    await once(broken.session, "remoteSettings");
    broken.session.destroy();
    assert.equal((await client.call("Config", set(sessionId, "k", "v"), bearer(ADA))).status, 0);
    silent.destroy();
  });
});
