import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type LiveArea, Screen } from "./screen.ts";

/** Writes down what is done to the live area, in the order of what is printed. */
function recorder(): { readonly done: string[]; readonly live: LiveArea; readonly stream: PassThrough } {
  const done: string[] = [];
  const stream = new PassThrough();
  stream.setEncoding("utf8").on("data", (text: string) => done.push(`print ${text.trim()}`));
  const draw = (text: string): void => {
    done.push(`draw ${text}`);
  };
  const clear = (): void => {
    done.push("clear");
  };
  return { done, stream, live: Object.assign(draw, { clear, done: () => done.push("done") }) };
}

test("what is printed goes above the live area, which is drawn anew below", async () => {
  const { done, live, stream } = recorder();
  let lines: readonly string[] = ["running"];
  const screen = new Screen({ out: stream, err: stream, live }, () => lines);
  await sleep(120);
  assert.deepEqual(done, ["draw running"], "what has not changed is not drawn again");
  screen.print("out", "a table");
  await sleep(120);
  lines = [];
  screen.print("err", "finished");
  await screen.close();
  await sleep(10);
  const draws = done.filter((entry) => !entry.startsWith("print"));
  assert.deepEqual(draws, ["draw running", "clear", "draw running", "clear", "done"]);
  assert.deepEqual(
    done.filter((entry) => entry.startsWith("print")),
    ["print a table", "print finished"],
  );
});

test("a slow reader is waited for, one that has gone is not", async () => {
  const out = new PassThrough({ highWaterMark: 10 });
  const screen = new Screen({ out, err: new PassThrough() }, () => []);
  screen.print("out", "x".repeat(100));
  let ready = false;
  const waiting = screen.ready().then(() => (ready = true));
  await sleep(20);
  assert.equal(ready, false);
  out.resume();
  await waiting;
  screen.print("out", "x".repeat(100));
  out.destroy();
  await screen.ready();
  screen.print("out", "nobody reads this");
  await screen.close();
});
