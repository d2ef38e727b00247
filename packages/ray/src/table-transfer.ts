import { Readable } from "node:stream";
import { request, type Agent } from "undici";
import type { JsonValue } from "./json-value.ts";
import { RayError, type ErrorDescription } from "./ray-error.ts";

/** An HTTP call to a bridge. */
export interface BridgeCall {
  readonly url: string;
  readonly token: string;
  readonly agent: Agent;
  readonly signal: AbortSignal;
}

type BridgeResponse = Awaited<ReturnType<typeof request>>;

/** A table that has arrived in Ray. */
export interface StoredTable {
  readonly id: string;
  readonly rows: number;
  readonly bytes: number;
}

/** Chunks that are smaller than this are sent together, in bytes. */
const SMALL = 65_536;

/** `PUT /tables`: each Arrow IPC stream behind its length, as it comes. */
export async function sendTable(
  call: BridgeCall,
  run: string,
  ipcStreams: AsyncIterable<Uint8Array>,
): Promise<StoredTable> {
  const address = new URL("/tables", call.url);
  address.searchParams.set("run", run);
  const response = await request(address, {
    method: "PUT",
    headers: { authorization: `Bearer ${call.token}`, "content-type": "application/octet-stream" },
    body: Readable.from(frames(ipcStreams), { objectMode: false }),
    dispatcher: call.agent,
    signal: call.signal,
  });
  await throwOnError(response);
  return (await response.body.json()) as StoredTable;
}

async function* frames(ipcStreams: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const stream of ipcStreams) {
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(stream.byteLength);
    if (stream.byteLength < SMALL) {
      yield Buffer.concat([length, stream]);
    } else {
      yield length;
      yield stream;
    }
  }
}

/** `GET /tables/{id}`: the chunks of one Arrow IPC stream. */
export async function readTable(call: BridgeCall, id: string): Promise<AsyncIterable<Uint8Array>> {
  const response = await request(new URL(`/tables/${encodeURIComponent(id)}`, call.url), {
    headers: { authorization: `Bearer ${call.token}` },
    dispatcher: call.agent,
    signal: call.signal,
  });
  await throwOnError(response);
  return response.body;
}

/** Posts JSON to a bridge and gives the answer, whose body is still to be read; throws as `throwOnError` does. */
export async function postJson(call: BridgeCall, path: string, value: JsonValue): Promise<BridgeResponse> {
  const response = await request(new URL(path, call.url), {
    method: "POST",
    headers: { authorization: `Bearer ${call.token}`, "content-type": "application/json" },
    body: JSON.stringify(value),
    dispatcher: call.agent,
    signal: call.signal,
  });
  await throwOnError(response);
  return response;
}

/** Throws the RayError that a bridge's answer with an error status describes. */
export async function throwOnError(response: BridgeResponse): Promise<void> {
  if (response.statusCode < 400) return;
  const text = await response.body.text();
  throw new RayError(
    describe(text) ?? { code: "bridge-failed", message: `HTTP ${response.statusCode}: ${text}` },
  );
}

function describe(text: string): ErrorDescription | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "code" in value
      ? (value as ErrorDescription)
      : undefined;
  } catch {
    return undefined;
  }
}
