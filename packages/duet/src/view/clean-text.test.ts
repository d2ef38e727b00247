import assert from "node:assert/strict";
import { test } from "node:test";
import { cleanCell, cleanLine } from "./clean-text.ts";

test("a printed line keeps its colours and nothing else that speaks to the terminal", () => {
  assert.equal(cleanLine("\u001B[32mgreen\u001B[0m", true), "\u001B[32mgreen\u001B[0m");
  assert.equal(cleanLine("\u001B[32mgreen\u001B[0m", false), "green");
  assert.equal(cleanLine("\u001B[2J\u001B[Hcleared", true), "cleared");
  assert.equal(cleanLine("\u001B]0;title\u0007text", true), "text");
  assert.equal(cleanLine("\u001B]8;;http://x\u001B\\link\u001B]8;;\u001B\\", true), "link");
  assert.equal(cleanLine("bell\u0007 back\u0008space", true), "bell backspace");
  assert.equal(cleanLine("\u001Bc reset", true), " reset");
});

test("of a line that was drawn over itself the last state stays", () => {
  assert.equal(cleanLine("  10%\r  50%\r 100%", true), " 100%");
  assert.equal(cleanLine("windows\r", true), "windows");
});

test("a cell stays on its line and harmless", () => {
  assert.equal(cleanCell("a\nb\tc\u001B[31m"), "a↵b⇥c\uFFFD[31m");
});
