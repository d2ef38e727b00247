import assert from "node:assert/strict";
import test from "node:test";
import { parseScript } from "./parse-script.ts";
import { renderDiagnostic, type RenderOptions } from "./render-diagnostic.ts";

function render(text: string, options?: RenderOptions): string {
  const [first] = parseScript(text, "a/b.mlsql").diagnostics;
  assert(first);
  return renderDiagnostic(first, text, options);
}

test("place, code, message, line, caret, help", () => {
  assert.equal(
    render("\nlod csv.`/a` as t;"),
    [
      "a/b.mlsql:2:1: error[unknown-statement]: unknown statement `lod`",
      "2 | lod csv.`/a` as t;",
      "  | ^^^",
      "  = help: Did you mean `load`?",
    ].join("\n"),
  );
});

test("wide letters and tabs keep the caret under its word", () => {
  const [, line = "", caret = ""] = render('load csv.`/数据` where 标题\t"真" as t;').split("\n");
  assert.equal(line, '1 | load csv.`/数据` where 标题    "真" as t;');
  assert.equal(caret.indexOf("^"), "1 | load csv.`/数据` where ".length + 2);
  assert.equal(/\^+/.exec(caret)?.[0].length, 4);
});

test("a long line is cut around the caret", () => {
  const text = `load csv.\`/${"a".repeat(300)}\` where b="c" d="e" and f="${"g".repeat(300)}" as t;`;
  const [, line = "", caret = ""] = render(text, { width: 60 }).split("\n");
  assert(line.length <= 60, line);
  assert.equal(line[caret.indexOf("^")], "d");
  assert.match(line, /^1 \| ….*…$/);
});

test("a span of several lines marks its first one; an empty place still has a caret", () => {
  assert.match(render("select a,\nb from t;"), /\n1 \| select a,\n {2}\| \^{9}\n/);
  assert.match(render("load csv.`/a`"), /\^/);
});

test("colours only when asked for", () => {
  assert(!render("lod;").includes("\u001b"));
  assert(render("lod;", { color: true }).includes("\u001b[1;31merror[unknown-statement]\u001b[0m"));
});
