import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GatewayError } from "../grpc/status.ts";
import { answer, startScriptedDriver } from "../testing/scripted-driver.ts";
import { DriverConnection } from "./driver-connection.ts";

const CALL = { ":method": "POST", ":path": "/x/Y", "content-type": "application/grpc", te: "trailers" };

async function ask(connection: DriverConnection): Promise<void> {
  const stream = await connection.request(CALL);
  stream.end();
  stream.resume();
  stream.on("error", () => undefined);
  await new Promise((resolve) => stream.once("close", resolve));
}

function isUnreachable(error: unknown): boolean {
  return error instanceof GatewayError && error.code === "driver-unreachable";
}

describe("the connection to one life of a driver", () => {
  test("is not opened again to another driver at the same address", async () => {
    let isSame = true;
    let calls = 0;
    await using driver = await startScriptedDriver((stream) => {
      calls += 1;
      answer(stream, []);
    });
    using connection = new DriverConnection(driver);
    connection.verify = () => (isSame ? Promise.resolve() : Promise.reject(new Error("it is another one")));
    await ask(connection);
    driver.cut();
    // The first calls may still find the old connection.
    while (calls < 2) await ask(connection);
    isSame = false;
    driver.cut();
    await assert.rejects(async () => {
      for (;;) await ask(connection);
    }, isUnreachable);
    assert.equal(calls, 2);
  });

  test("is not opened again after it was disposed of", async () => {
    await using driver = await startScriptedDriver((stream) => {
      answer(stream, []);
    });
    const connection = new DriverConnection(driver);
    await ask(connection);
    connection[Symbol.dispose]();
    await assert.rejects(ask(connection), isUnreachable);
  });
});
