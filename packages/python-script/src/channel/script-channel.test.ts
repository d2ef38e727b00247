import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { ScriptMessage } from "../script-message.ts";
import { ScriptChannel } from "./script-channel.ts";

const folder = await mkdtemp(join(tmpdir(), "duet-channel-"));
after(() => rm(folder, { recursive: true, force: true }));
let sockets = 0;

async function listen(unknown: string[] = []) {
  const messages: ScriptMessage[] = [];
  sockets += 1;
  const channel = await ScriptChannel.listen(join(folder, `${sockets}.sock`), {
    onMessage: (message, answer) => {
      messages.push(message);
      if (message.type === "need")
        answer({ type: "engine-failed", id: message.id, code: "no", message: "none" });
    },
    onUnknown: (line) => unknown.push(line),
  });
  return { channel, messages, [Symbol.asyncDispose]: () => channel[Symbol.asyncDispose]() };
}

const need = `${JSON.stringify({ type: "need", id: 7, engine: "spark", time: 1, process: 2 })}\n`;
const note = (text: string): string => `${JSON.stringify({ type: "note", text, time: 1, process: 2 })}\n`;

test("messages arrive whole however they are cut, and answers go to who asked", async () => {
  await using listening = await listen();
  const { channel, messages } = listening;
  const silent = connect(channel.path);
  const asking = connect(channel.path);
  const told: string[] = [];
  silent.on("data", (data) => told.push(data.toString()));
  const line = note("ä€😀");
  const bytes = Buffer.from(line);
  for (const byte of bytes) asking.write(Buffer.from([byte]));
  asking.write(need);
  const [answer] = (await once(asking, "data")) as [Buffer];
  assert.deepEqual(JSON.parse(answer.toString()), {
    type: "engine-failed",
    id: 7,
    code: "no",
    message: "none",
  });
  assert.equal(messages[0]?.type === "note" && messages[0].text, "ä€😀");
  assert.deepEqual(told, [], "a connection that only watches is never written to");
  silent.destroy();
  asking.destroy();
});

test("settling waits for what was written last, and not for ever", async () => {
  await using listening = await listen();
  const { channel, messages } = listening;
  const staying = connect(channel.path);
  await once(staying, "connect");
  const leaving = connect(channel.path);
  leaving.end(note("last"));
  await once(leaving, "close");
  await channel.settle(100);
  assert.equal(messages.length, 1);
  staying.destroy();
});

test("what is no message is told, and the end of the channel ends its connections", async () => {
  const unknown: string[] = [];
  const { channel } = await listen(unknown);
  const socket = connect(channel.path);
  socket.write("nonsense\n");
  socket.write(need);
  await once(socket, "data");
  const closed = once(socket, "close");
  await channel[Symbol.asyncDispose]();
  await closed;
  assert.deepEqual(unknown, ["nonsense"]);
});
