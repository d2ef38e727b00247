import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BottomRows, hasRoom } from "./bottom-rows.ts";
import { TerminalModel } from "./terminal-model.fixture.ts";

test("the rows stand at the bottom, and the program's text scrolls above them", () => {
  const terminal = new TerminalModel(40, 10);
  using rows = new BottomRows(terminal);
  terminal.write("one\ntwo\nhalf a li");
  rows.show(["status"]);
  terminal.write("ne\n");
  rows.show(["status", "more"]);
  for (let line = 0; line < 20; line += 1) terminal.write(`line ${line}\n`);
  rows.show(["changed", "more"]);
  assert.deepEqual(terminal.screen.slice(-3), ["", "changed", "more"]);
  assert.equal(terminal.screen[6], "line 19");
  assert.deepEqual(terminal.history.slice(0, 4), ["one", "two", "half a line", "line 0"]);
});

test("afterwards the terminal is whole and holds the program's text alone", () => {
  const terminal = new TerminalModel(40, 10);
  const expected = new TerminalModel(40, 10);
  const rows = new BottomRows(terminal);
  const before = process.listenerCount("exit");
  for (let line = 0; line < 30; line += 1) {
    for (const one of [terminal, expected]) one.write(line % 7 === 0 ? `\r${line} ` : `line ${line}\n`);
    rows.show(line % 5 === 0 ? [] : [`status ${line}`]);
  }
  rows[Symbol.dispose]();
  assert.deepEqual(terminal.lines, expected.lines);
  assert.ok(terminal.isWhole);
  assert.equal(terminal.listeners, 0);
  assert.equal(process.listenerCount("exit"), before - 1);
});

test("whatever a program prints and whenever the rows change, its text is what it would be without them", () => {
  const text = fc.constantFrom("word ", "a line\n", "\n", "\rredrawn", "\r\u001B[K", `${"x".repeat(37)}\n`);
  const step = fc.oneof(
    text.map((value) => ({ print: value })),
    fc.nat(4).map((count) => ({ rows: count })),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const terminal = new TerminalModel(30, 12);
      const expected = new TerminalModel(30, 12);
      const rows = new BottomRows(terminal);
      for (const each of steps) {
        if ("rows" in each) {
          rows.show(Array.from({ length: each.rows }, (_, index) => `status ${index}`));
          continue;
        }
        terminal.write(each.print);
        expected.write(each.print);
      }
      rows[Symbol.dispose]();
      assert.deepEqual(terminal.lines, expected.lines);
      assert.equal(terminal.column, expected.column);
    }),
  );
});

test("a resized terminal keeps the program's text, and gets the rows at its new bottom", () => {
  const terminal = new TerminalModel(40, 12);
  using rows = new BottomRows(terminal);
  for (let line = 0; line < 20; line += 1) terminal.write(`line ${line}\n`);
  rows.show(["status"]);
  terminal.resize(8);
  rows.show(["status"]);
  terminal.write("after\n");
  terminal.resize(14);
  rows.show(["status"]);
  assert.equal(terminal.screen.at(-1), "status");
  assert.deepEqual(
    terminal.lines.filter((line) => line !== "" && line !== "status"),
    [...Array.from({ length: 20 }, (_, line) => `line ${line}`), "after"],
  );
});

test("small and simple terminals get none", () => {
  const size = { columns: 80, rows: 24 };
  assert.ok(hasRoom(size, { TERM: "xterm" }));
  for (const environment of [{}, { TERM: "dumb" }]) assert.ok(!hasRoom(size, environment));
  for (const small of [
    { columns: 30, rows: 24 },
    { columns: 80, rows: 9 },
  ]) {
    assert.ok(!hasRoom(small, { TERM: "xterm" }));
  }
});
