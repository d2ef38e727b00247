import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { analyzeScript } from "./checks/analyze-script.ts";
import type { CheckContext } from "./checks/check-context.ts";
import { parseScript } from "./parse-script.ts";
import { renderDiagnostic } from "./render-diagnostic.ts";
import type { Span } from "./span.ts";

const SCRIPT = `set a='''
x = 1
''';
load script.\`a\` as a_1; -- note
load csv.\`/d/\${a}\` where header="true" and \`x.y\`='z' as t;
with q as (select ';' as s from t /* c */) select s, count(*) as n from q as u;
save overwrite u as parquet.\`/o\` partitionBy s, n;
train u as PythonAlg.\`/m\` where scripts="a_1" and fitParam.0.k="1" as r;
register PythonAlg.\`/m\` as f; include lib.\`x\`;
connect jdbc where url="u" as db; create table b as select 1 as c;
!hdfs -ls /p; !assert t ''':a==1''' "m";
`;

const PIECES = [
  "'",
  '"',
  "`",
  "'''",
  ";",
  "/*",
  "*/",
  "--",
  "\n",
  "\r\n",
  "\r",
  " ",
  "\t",
  "as",
  " as x",
  "select ",
  "set ",
  "load ",
  "!",
  "!x ",
  "where",
  "and",
  "=",
  ".",
  ",",
  "(",
  ")",
  "\\",
  "${",
  "}",
  "$",
  "；",
  "表",
  "\uFEFF",
  "\u0000",
  "\ud83d",
  "😀",
  "1",
  "-",
  "/*+",
  "with ",
  "#if",
  "א",
];

const CONTEXT: CheckContext = {
  algorithms: [
    {
      name: "PythonAlg",
      statements: ["train", "register"],
      options: [
        { name: "scripts", type: "script-tables", required: true },
        { name: "fitParam.N.*", type: "text" },
      ],
    },
  ],
  formats: [
    { name: "csv", load: true, save: true, path: "files", options: [{ name: "header", type: "boolean" }] },
    { name: "script", load: true, save: false, path: "variable", options: [] },
  ],
  commands: [{ name: "assert", usage: "!assert t", minimumArguments: 1, tableArguments: [0] }],
  catalogTables: () => false,
  readInclude: (_format, path) => (path === "x" ? { file: "x.mlsql", text: SCRIPT } : undefined),
};

const edit = fc.record({
  at: fc.nat(SCRIPT.length),
  remove: fc.nat(12),
  insert: fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 6, unit: "binary" })),
});

function spansOf(value: unknown, found: Span[] = []): readonly Span[] {
  if (typeof value !== "object" || value === null) return found;
  if ("start" in value && "end" in value && "file" in value) found.push(value as Span);
  else for (const part of Object.values(value)) spansOf(part, found);
  return found;
}

function check(text: string): void {
  const { script, diagnostics } = parseScript(text, "t.mlsql");
  const { diagnostics: found, blocks } = analyzeScript(script, CONTEXT);
  const inside = found.filter(({ span }) => span.file === "t.mlsql");
  const places = blocks.flatMap(({ python }) => python.map((block) => block.place(1, block.source.length)));
  for (const span of spansOf([script.statements, diagnostics, inside, places])) {
    if (span.file !== "t.mlsql") continue;
    const { start, end } = span;
    assert(
      start.offset >= 0 && start.offset <= end.offset && end.offset <= text.length,
      JSON.stringify(span),
    );
    assert(start.line >= 1 && start.column >= 1 && end.line >= start.line);
    const lineStart = start.offset - (start.column - 1);
    assert(lineStart === 0 || /[\r\n]/.test(text[lineStart - 1] ?? ""), JSON.stringify(span));
  }
  for (const diagnostic of diagnostics) renderDiagnostic(diagnostic, text, { width: 40 });
  for (const diagnostic of inside) renderDiagnostic(diagnostic, text);
}

test("no text throws, and every span lies inside it", () => {
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      let text = SCRIPT;
      for (const { at, remove, insert } of edits) text = text.slice(0, at) + insert + text.slice(at + remove);
      check(text);
    }),
    { numRuns: 400, interruptAfterTimeLimit: 4000 },
  );
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 30 }), (pieces) => {
      check(pieces.join(""));
    }),
    { numRuns: 400, interruptAfterTimeLimit: 2000 },
  );
});

test("every script that is cut off anywhere is told of, never thrown at", () => {
  for (let end = 0; end <= SCRIPT.length; end++) check(SCRIPT.slice(0, end));
});

test("texts of many megabytes do no harm", () => {
  const long = "x".repeat(5_000_000);
  check(`set a='''${long}'''; set b="${long}"; select '${long}' as c as t;`);
  check(`select '${long}`);
  check(`set a="${long}`);
});
