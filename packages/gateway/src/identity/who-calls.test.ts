import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { SparkConnectService } from "@duet/spark-connect/wire";
import { encodeField, fields } from "../grpc/fields.ts";
import { GatewayError } from "../grpc/status.ts";
import { allowedPool } from "./allowed-pool.ts";
import { checkExposure } from "./exposure.ts";
import { userContext } from "./user-context.ts";

const ADA = { userId: "ada", pool: undefined };
const TLS = { certificate: "a.crt", key: "a.key" };

const { input } = SparkConnectService.method.executePlan;

/** A user context as a request carries it. */
function encoded(said: MessageInitShape<typeof input>["userContext"]): Buffer {
  const request = Buffer.from(toBinary(input, create(input, { userContext: said })));
  const [field] = fields(request);
  return field?.value ?? assert.fail("no user context");
}

function decoded(context: Buffer) {
  const request = fromBinary(input, encodeField(input.field.userContext.number, context));
  return request.userContext ?? assert.fail("no user context");
}

describe("the user context that drivers get", () => {
  test("names the user of the credential, whoever the client says it is, and keeps extensions", () => {
    const extension = create(AnySchema, { typeUrl: "type.test/x", value: Buffer.from([1, 2]) });
    const said = encoded({ userId: "root", userName: "Root", extensions: [extension] });
    // Protobuf takes the last of several: one more must not bring the first back.
    for (const context of [said, Buffer.concat([said, encoded({ userId: "eve" })])]) {
      const sent = decoded(userContext(ADA, context));
      assert.deepEqual([sent.userId, sent.userName, sent.extensions], ["ada", "ada", [extension]]);
    }
    const made = decoded(userContext(ADA, undefined));
    assert.deepEqual([made.userId, made.userName], ["ada", "ada"]);
  });
});

describe("the pool of a session", () => {
  test("is the one that is asked for, unless the credential is for another", () => {
    assert.equal(allowedPool(ADA, undefined), undefined);
    assert.equal(allowedPool(ADA, "big"), "big");
    assert.equal(allowedPool({ userId: "ada", pool: "big" }, undefined), "big");
    assert.equal(allowedPool({ userId: "ada", pool: "big" }, "big"), "big");
    assert.throws(
      () => allowedPool({ userId: "ada", pool: "big" }, "small"),
      (error) => error instanceof GatewayError && error.code === "pool-forbidden" && error.status === 7,
    );
  });
});

describe("what others can reach", () => {
  test("must be encrypted and ask who they are", () => {
    const tokens = { tokens: { file: "tokens.toml" } };
    for (const host of ["127.0.0.1", "127.8.0.1", "::1", "localhost"]) checkExposure(host, undefined, {});
    for (const host of ["0.0.0.0", "::", "10.0.0.7", "127.0.0.1.evil.test"]) {
      assert.throws(() => {
        checkExposure(host, undefined, tokens);
      }, /give the gateway a certificate/u);
      assert.throws(() => {
        checkExposure(host, TLS, {});
      }, /say how users are known/u);
      checkExposure(host, TLS, tokens);
    }
  });

  test("keys must come in a way that nobody can change; certificates need an authority", () => {
    const keysAt = (url: string) => {
      checkExposure("127.0.0.1", TLS, { jsonWebTokens: { issuer: "i", audience: "a", keys: { url } } });
    };
    keysAt("https://issuer.test/keys");
    keysAt("http://127.0.0.1:80/keys");
    keysAt("http://[::1]/keys");
    assert.throws(() => {
      keysAt("http://issuer.test/keys");
    }, RangeError);
    assert.throws(() => {
      checkExposure("127.0.0.1", TLS, { certificates: {} });
    }, /no authority/u);
    checkExposure("0.0.0.0", { ...TLS, clientAuthority: "ca.crt" }, { certificates: {} });
  });
});
