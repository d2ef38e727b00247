import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import * as v from "valibot";
import { AdminError } from "./admin-error.ts";
import { drainRequest, driverRequest, rollingRequest, upgradeRequest } from "./messages.ts";
import type { PoolActions, PoolProgress } from "./pool-actions.ts";
import { sendJson } from "./send.ts";
import { toAdminError } from "./to-admin-error.ts";

/** Bytes of a request's body. */
const LARGEST_BODY = 64 * 1024;

/** Milliseconds between two looks at the pool for who watches it. */
const WATCH_INTERVAL = 250;

const JSON_LINES = { "content-type": "application/x-ndjson", "cache-control": "no-store" };

/** Answers requests about drivers. `closing` is aborted when the gateway ends. */
export async function answerDrivers(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  actions: PoolActions,
  closing: AbortSignal,
): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => {
    gone.abort();
  });
  const signal = AbortSignal.any([closing, gone.signal]);
  const [, drained] = /^\/drivers\/([^/]+)\/drain$/u.exec(url.pathname) ?? [];
  const route = `${request.method ?? ""} ${drained === undefined ? url.pathname : "/drivers/ID/drain"}`;
  switch (route) {
    case "GET /drivers":
      if (url.searchParams.has("watch")) await watch(response, actions, signal);
      else sendJson(response, 200, actions.report());
      return;
    case "POST /drivers":
      await actions.add(await body(request, driverRequest));
      sendJson(response, 201, {});
      return;
    case "POST /drivers/ID/drain": {
      const { deadline } = await body(request, drainRequest);
      await stream(response, actions.drain(decodeURIComponent(drained ?? ""), deadline), signal);
      return;
    }
    case "POST /restart":
      await stream(response, actions.restart(await body(request, rollingRequest), signal), signal);
      return;
    case "POST /upgrade":
      await stream(response, actions.upgrade(await body(request, upgradeRequest), signal), signal);
      return;
    default:
      sendJson(response, 404, {
        code: "request-invalid",
        message: `there is no ${request.method ?? ""} ${url.pathname}`,
      });
  }
}

async function body<T>(request: IncomingMessage, schema: v.GenericSchema<unknown, T>): Promise<T> {
  // A page in a browser may send anything but this without asking first.
  if (!/^application\/json\b/u.test(request.headers["content-type"] ?? ""))
    throw new AdminError("request-invalid", "the body of a request is application/json");
  let text = "";
  for await (const chunk of request.setEncoding("utf8") as AsyncIterable<string>) {
    text += chunk;
    if (text.length > LARGEST_BODY) throw new AdminError("request-invalid", "the request is too large");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AdminError("request-invalid", `the request is no JSON: ${(error as Error).message}`);
  }
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const reasons = result.issues.map((issue) => `${v.getDotPath(issue) ?? "request"}: ${issue.message}`);
  throw new AdminError("request-invalid", reasons.join("; "));
}

/** Sends the pool whenever it is another, one JSON object a line, until the client goes. */
async function watch(response: ServerResponse, actions: PoolActions, signal: AbortSignal): Promise<void> {
  response.writeHead(200, JSON_LINES);
  let last = "";
  while (!signal.aborted) {
    const line = JSON.stringify(actions.report());
    if (line !== last) await write(response, `${line}\n`);
    last = line;
    await sleep(WATCH_INTERVAL, undefined, { signal }).catch(() => undefined);
  }
  response.end();
}

/** Sends steps as they come; what goes wrong is the last line, because the status has long been sent by then. */
async function stream(
  response: ServerResponse,
  steps: AsyncIterable<PoolProgress>,
  signal: AbortSignal,
): Promise<void> {
  const send = (line: object): Promise<void> => write(response, `${JSON.stringify(line)}\n`);
  try {
    for await (const { driverId, text } of steps) {
      if (!response.headersSent) response.writeHead(200, JSON_LINES);
      await send({ type: "progress", driverId, text });
    }
    if (!response.headersSent) response.writeHead(200, JSON_LINES);
    await send({ type: "done" });
  } catch (thrown) {
    if (!response.headersSent) throw thrown;
    const { code, message } = toAdminError(thrown);
    if (!signal.aborted) await send({ type: "failed", code, message });
  }
  response.end();
}

/** Writes as fast as the client reads; to one that has gone nothing. */
async function write(response: ServerResponse, text: string): Promise<void> {
  if (response.destroyed || response.write(text)) return;
  await Promise.race([once(response, "drain"), once(response, "close")]);
}
