import assert from "node:assert/strict";
import type { ServerHttp2Stream } from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { SparkConnectService } from "@duet/spark-connect/wire";
import { readMessages } from "../grpc/message-reader.ts";
import { operationResponse } from "./messages.ts";
import { SERVER_SESSION } from "./one-driver.ts";
import type { RawAnswer } from "./raw-client.ts";
import { answer, startScriptedDriver, type ScriptedDriver } from "./scripted-driver.ts";

const { executePlan } = SparkConnectService.method;

/** Answers one call, or breaks all connections. */
export type Serve = (stream: ServerHttp2Stream, cut: () => void) => void;

/** A driver that serves so, and remembers what it was asked. */
export interface AskedDriver extends ScriptedDriver {
  readonly paths: string[];
  readonly requests: Buffer[];
}

/** Starts one. */
export async function driverThat(serve: Serve): Promise<AskedDriver> {
  const paths: string[] = [];
  const requests: Buffer[] = [];
  const driver: ScriptedDriver = await startScriptedDriver((stream, headers) => {
    const path = headers[":path"] ?? "";
    paths.push(path.slice(path.lastIndexOf("/") + 1));
    void Array.fromAsync(readMessages(stream, { largest: 2 ** 28, encoding: undefined })).then((messages) => {
      requests.push(...messages);
      serve(stream, () => {
        driver.cut();
      });
    });
  });
  return { ...driver, paths, requests };
}

/** Sends these responses and then breaks the connection. */
export function breaksAfter(...frames: readonly Buffer[]): Serve {
  return (stream, cut) => {
    if (frames.length === 0) {
      cut();
      return;
    }
    stream.respond({ ":status": 200, "content-type": "application/grpc" });
    stream.write(Buffer.concat(frames), () => setImmediate(cut));
  };
}

/** Answers each call with these. */
export const answers =
  (...frames: readonly Buffer[]): Serve =>
  (stream) => {
    answer(stream, frames);
  };

/** Two rows, and the result's end. */
export const ROWS = [
  operationResponse("b1", { rows: 2, data: "two" }),
  operationResponse("b2", { complete: true }),
];

/** The responses in an answer: their ids and rows. */
export function responsesOf({ body }: RawAnswer) {
  const messages: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const length = body.readUInt32BE(at + 1);
    messages.push(body.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  return messages.map((message) => {
    const { responseId, serverSideSessionId, responseType } = fromBinary(executePlan.output, message);
    assert.equal(serverSideSessionId, SERVER_SESSION);
    return responseType.case === "arrowBatch" ? `${responseId}:${responseType.value.rowCount}` : responseId;
  });
}
