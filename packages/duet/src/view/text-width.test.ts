import assert from "node:assert/strict";
import { test } from "node:test";
import { cutText, textWidth } from "./text-width.ts";

test("width is what a terminal shows", () => {
  const cases: readonly (readonly [string, number])[] = [
    ["", 0],
    ["abc", 3],
    ["特征", 4],
    ["🚀", 2],
    ["e\u0301", 1],
    ["\u001B[31mred\u001B[39m", 3],
  ];
  for (const [text, width] of cases) assert.equal(textWidth(text), width, JSON.stringify(text));
});

test("a cut text is never wider than asked", () => {
  for (const text of ["plain text", "特征工程特征工程", "🚀🚀🚀🚀🚀", "\u001B[31mred and long\u001B[39m"]) {
    for (let width = 1; width < 14; width += 1) {
      const cut = cutText(text, width);
      assert.ok(textWidth(cut) <= width, JSON.stringify([text, width, cut]));
      if (textWidth(text) <= width) assert.equal(cut, text);
      else assert.ok(cut.includes("…"), cut);
    }
  }
  assert.equal(cutText("\u001B[31mred and long\u001B[39m", 4), "\u001B[31mred…\u001B[0m");
});
