import assert from "node:assert/strict";
import { test } from "node:test";
import { cutText, cutTextStart, textWidth, wrapText } from "./text-width.ts";

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

test("a path keeps its end", () => {
  assert.equal(cutTextStart("/tmp/model/_model_12", 10), "…_model_12");
  assert.equal(cutTextStart("/tmp", 10), "/tmp");
  assert.ok(textWidth(cutTextStart("/数据/模型/版本", 6)) <= 6);
});

test("a wrapped text loses nothing but what does not fit", () => {
  assert.deepEqual(wrapText("abcdefgh", 3, 3), ["abc", "def", "gh"]);
  assert.deepEqual(wrapText("abcdefghijkl", 3, 2), ["abc", "de…"]);
  assert.deepEqual(wrapText("特征工程", 3, 9), ["特", "征", "工", "程"]);
  assert.deepEqual(wrapText("", 3, 2), [""]);
});
