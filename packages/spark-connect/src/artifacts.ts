import { create } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import type { SparkConnectClient } from "./client.ts";
import { sparkError } from "./errors.ts";
import { AddArtifactsRequestSchema } from "./generated/spark/connect/base_pb.js";
import type { AddArtifactsRequest } from "./generated/spark/connect/base_pb.js";

/** What gRPC recommends for streamed messages, and Spark's own clients use. */
const CHUNK_SIZE = 32 * 1024;

/**
 * Sends a file to the session: `pyfiles/name.py`, `archives/name.zip`, `files/name.txt`, `jars/name.jar`.
 *
 * @throws SparkConnectError `protocol-error` when it did not arrive whole
 */
export async function addArtifact(
  client: SparkConnectClient,
  name: string,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { artifacts } = await client.call(signal, (options) =>
    client.service.addArtifacts(Readable.from(artifactRequests(client, name, bytes)), options),
  );
  const summary = artifacts.find((artifact) => artifact.name === name);
  if (summary?.isCrcSuccessful !== true) {
    throw sparkError("protocol-error", `the artifact ${name} did not arrive whole`);
  }
}

function* artifactRequests(
  client: SparkConnectClient,
  name: string,
  bytes: Uint8Array,
): Generator<AddArtifactsRequest, void, undefined> {
  const request = (payload: Payload) =>
    create(AddArtifactsRequestSchema, { ...client.requestBase(), payload });
  if (bytes.length <= CHUNK_SIZE) {
    yield request({ case: "batch", value: { artifacts: [{ name, data: chunk(bytes) }] } });
    return;
  }
  yield request({
    case: "beginChunk",
    value: {
      name,
      totalBytes: BigInt(bytes.length),
      numChunks: BigInt(Math.ceil(bytes.length / CHUNK_SIZE)),
      initialChunk: chunk(bytes.subarray(0, CHUNK_SIZE)),
    },
  });
  for (let start = CHUNK_SIZE; start < bytes.length; start += CHUNK_SIZE) {
    yield request({ case: "chunk", value: chunk(bytes.subarray(start, start + CHUNK_SIZE)) });
  }
}

type Payload = NonNullable<MessageInitShape<typeof AddArtifactsRequestSchema>["payload"]>;

function chunk(data: Uint8Array): { data: Uint8Array; crc: bigint } {
  return { data, crc: BigInt(crc32(data)) };
}
