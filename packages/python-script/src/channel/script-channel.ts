import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { ScriptAnswer, ScriptMessage } from "../script-message.ts";
import { parseScriptMessage } from "./parse-message.ts";

/** A process that sends a line longer than this is not one of ours. Characters. */
const LONGEST_LINE = 4 * 1024 * 1024;

/** What comes through a channel. */
export interface ChannelReader {
  /** `answer` goes to the process that sent the message. */
  readonly onMessage: (message: ScriptMessage, answer: (answer: ScriptAnswer) => void) => void;
  /** A line that is no message; the process is from another version, or it is no process of the run. */
  readonly onUnknown: (line: string) => void;
}

/**
 * The Unix domain socket through which the processes of a script talk to Duet: JSON objects, one a line, both ways.
 * A process may also hold a silent connection, whose end tells it that Duet is gone; nothing is ever written to that.
 */
export class ScriptChannel implements AsyncDisposable {
  readonly path: string;
  readonly #server: Server;
  readonly #reader: ChannelReader;
  readonly #sockets = new Set<Socket>();

  private constructor(path: string, server: Server, reader: ChannelReader) {
    this.path = path;
    this.#server = server;
    this.#reader = reader;
    server.on("connection", (socket) => {
      this.#read(socket);
    });
  }

  /** Listens at a path of at most 100 bytes or so, where nothing is yet. Only this user may connect. */
  static async listen(path: string, reader: ChannelReader): Promise<ScriptChannel> {
    const server = createServer();
    server.listen(path);
    await once(server, "listening");
    return new ScriptChannel(path, server, reader);
  }

  /** Resolves when all processes have left, or after `milliseconds`: what they have written last has then arrived. */
  async settle(milliseconds: number): Promise<void> {
    if (this.#sockets.size === 0) return;
    const patience = AbortSignal.timeout(milliseconds);
    const left = [...this.#sockets].map((socket) => once(socket, "close", { signal: patience }));
    await Promise.allSettled(left);
  }

  /** Closes it: processes of the script that still run end. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #read(socket: Socket): void {
    this.#sockets.add(socket);
    let rest = "";
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      const lines = `${rest}${text}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(line, socket);
      if (rest.length > LONGEST_LINE) socket.destroy();
    });
    // A process that was killed resets its connection: `close` follows, and that is all there is to know.
    socket.on("error", () => undefined);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  #take(line: string, socket: Socket): void {
    const message = parseScriptMessage(line);
    if (message === undefined) {
      this.#reader.onUnknown(line);
      return;
    }
    this.#reader.onMessage(message, (answer) => {
      if (socket.writable) socket.write(`${JSON.stringify(answer)}\n`);
    });
  }
}
