import { once } from "node:events";
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { createServer } from "node:http2";
import type { AddressInfo, Socket } from "node:net";

/** A driver whose answers a test writes by hand, over real HTTP/2: for what no real engine does on demand. */
export interface ScriptedDriver extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** The connections it has been given so far. */
  readonly sessions: readonly ServerHttp2Session[];
  /** The Interrupt requests that it has been sent. */
  readonly interrupts: readonly Buffer[];
  /** Breaks all connections without a word. */
  cut(): void;
}

/** Starts one; `serve` answers each call, except interrupts and releases, which are kept and answered with nothing. */
export async function startScriptedDriver(
  serve: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
  port = 0,
): Promise<ScriptedDriver> {
  const interrupts: Buffer[] = [];
  const sessions: ServerHttp2Session[] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("session", (session) => sessions.push(session));
  server.on("stream", (stream, headers) => {
    // Streams break on purpose here.
    stream.on("error", () => undefined);
    if (!/\/(Interrupt|ReleaseExecute)$/u.test(headers[":path"] ?? "")) {
      serve(stream, headers);
      return;
    }
    const body: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => body.push(chunk));
    stream.once("end", () => {
      if (headers[":path"]?.endsWith("/Interrupt") === true) interrupts.push(Buffer.concat(body).subarray(5));
      answer(stream, [Buffer.alloc(5)]);
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address() as AddressInfo;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    host: "127.0.0.1",
    port: address.port,
    sessions,
    interrupts,
    cut,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      cut();
      await closed;
    },
  };
}

/** Answers with these messages, whole and framed already, and these trailers. */
export function answer(
  stream: ServerHttp2Stream,
  frames: readonly Buffer[],
  trailers: Readonly<Record<string, string>> = { "grpc-status": "0" },
): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.once("wantTrailers", () => {
    stream.sendTrailers(trailers);
  });
  for (const frame of frames) stream.write(frame);
  stream.end();
}
