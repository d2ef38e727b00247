import assert from "node:assert/strict";
import test from "node:test";
import type { Diagnostic } from "../diagnostic.ts";
import { parseScript } from "../parse-script.ts";
import { analyzeScript, checkScript } from "./analyze-script.ts";
import type { CheckContext } from "./check-context.ts";

const included: Readonly<Record<string, { file: string; text: string }>> = {
  good: { file: "good.mlsql", text: "set made='x'; select 1 as a as from_good;" },
  bad: { file: "bad.mlsql", text: "selct 1 as a;\nload csv.`/${nope}` as z;" },
  ring: { file: "ring.mlsql", text: "include lib.`ring2`;" },
  ring2: { file: "ring2.mlsql", text: "\ninclude lib.`ring`;" },
};

const context: CheckContext = {
  algorithms: [
    {
      name: "PythonAlg",
      statements: ["train", "run", "predict", "register"],
      needsPath: true,
      options: [
        { name: "scripts", type: "script-tables", required: true, statements: ["train", "run"] },
        {
          name: "entryPoint",
          type: "script-table",
          required: true,
          among: "scripts",
          statements: ["train", "run"],
        },
        { name: "condaFile", type: "environment-table" },
        { name: "keepVersion", type: "boolean" },
        { name: "dataLocalFormat", type: "text", values: ["parquet", "json"] },
        { name: "algIndex", type: "integer", minimum: 0, statements: ["predict", "register"] },
        { name: "fitParam.N.*", type: "text" },
        { name: "systemParam.num_gpus", type: "number", minimum: 0 },
        { name: "systemParam.memory", type: "memory" },
        { name: "systemParam.resources", type: "json" },
        { name: "code", type: "python" },
      ],
    },
    { name: "Trainer", statements: ["train"], options: [], openOptions: true },
  ],
  formats: [
    { name: "hive", load: true, save: true, path: "catalog-table", options: [] },
    {
      name: "csv",
      load: true,
      save: true,
      path: "files",
      options: [{ name: "header", type: "boolean" }],
      openOptions: true,
    },
    { name: "parquet", load: true, save: true, path: "files", options: [] },
    { name: "script", load: true, save: false, path: "variable", options: [] },
    {
      name: "orc",
      load: true,
      save: true,
      path: "files",
      options: [],
      lacking: { message: "no orc here", suggestion: "use parquet" },
    },
  ],
  commands: [
    { name: "show", usage: "!show tables", minimumArguments: 1, firstArguments: ["tables", "et/params"] },
    { name: "desc", usage: "!desc table", minimumArguments: 1, maximumArguments: 1, tableArguments: [0] },
    { name: "println", usage: "!println '''text'''", minimumArguments: 1, maximumArguments: 1 },
  ],
  tables: ["given"],
  catalogTables: (name) => ["db1.table1", "bare"].includes(name),
  readInclude: (_format, path) => included[path],
  variables: { outside: "x" },
  now: () => new Date(2026, 0, 1),
};

function check(text: string, changes: Partial<CheckContext> = {}): readonly Diagnostic[] {
  const { script, diagnostics } = parseScript(text, "t.mlsql");
  assert.deepEqual(diagnostics, []);
  return checkScript(script, { ...context, ...changes });
}

/** Codes with the text that each one points at. */
function found(text: string, changes?: Partial<CheckContext>): readonly string[] {
  return check(text, changes).map(({ code, severity, span }) => {
    const source =
      span.file === "t.mlsql" ? text : Object.values(included).find(({ file }) => file === span.file)?.text;
    const at = source?.slice(span.start.offset, span.end.offset) ?? "?";
    return `${severity === "warning" ? "warning " : ""}${code} ${at}`;
  });
}

const SCRIPT = "set py='''\nprint(1)\n'''; load script.`py` as s; ";

test("a script without mistakes has none", () => {
  const text = `${SCRIPT} set day="\${today}"; load csv.\`/d/\${day}/\${outside}\` where header="true" as t;
load hive.\`db1.table1\` as h;
with q as (select * from t join h on 1=1) select * from q join db1.table1 join bare join given as u;
create temporary view v as select * from u; cache table w as select 1;
select * from v join w as x;
save overwrite u as hive.\`db2.made\`; select * from db2.made, parquet.\`/p/x\` as y;
train u as PythonAlg.\`/m\` where scripts="s" and fitParam.0.k="1" and systemParam.num_gpus="0.5"
and systemParam.memory="2g" and systemParam.resources='{"a": 1}' and dataLocalFormat="json" as r;
train command as Trainer.\`\` where anything="goes";
!desc r; !show et/params/X; !println '''x''';`;
  assert.deepEqual(found(text), []);
});

test("variables in paths", () => {
  assert.deepEqual(found("load csv.`/${nope}` as t; load csv.`/x/${nope}` as u;"), [
    "unknown-variable ${nope}",
  ]);
  assert.deepEqual(found("load csv.`/${late}` as t; set late='x';"), ["variable-used-too-early ${late}"]);
  assert.deepEqual(found("set b='${a}/b'; load csv.`${b}` as t;"), ["unknown-variable ${b}"]);
  assert.deepEqual(found("set a=`select 1` where type='sql'; load csv.`/${a}` as t;"), []);
  assert.equal(check("set base='x'; load csv.`${bsae}` as t;")[0]?.replacement, "${base}");
  assert.deepEqual(found("set b='${a}'; set a='${b}';"), ["variable-ring ${b}"]);
  assert.deepEqual(found("set a='x'; set a='${a}/y'; load csv.`${a}` as t;"), []);
});

test("elsewhere an unknown variable is no mistake, a misspelled one is a warning", () => {
  assert.deepEqual(found("select '${hiveconf:x}' as a as t;"), []);
  assert.deepEqual(found("set table_name='given'; select 1 from ${tabel_name} as t;"), [
    "warning unknown-variable ${tabel_name}",
  ]);
  assert.deepEqual(found("set n='given'; select * from ${n} join ${n}_2 as t;"), ["unknown-table ${n}_2"]);
});

test("tables that nothing makes, or only a later statement", () => {
  assert.deepEqual(found("select * from nope as t; select * from nope as u;"), ["unknown-table nope"]);
  assert.deepEqual(found("select * from late as t; select 1 as a as late;"), ["table-used-too-early late"]);
  assert.equal(
    check("select 1 as a as features; select * from feature as t;")[0]?.suggestion,
    "Did you mean `features`?",
  );
  assert.deepEqual(found("save t as csv.`/x`; train u as Trainer.`/m`; predict given as Trainer.`/m`;"), [
    "unknown-table t",
    "unknown-table u",
    "wrong-algorithm-use Trainer",
  ]);
  assert.deepEqual(found("select * from db1.nope as t; load hive.`db9.x` as u;"), [
    "unknown-table db1.nope",
    "unknown-table db9.x",
  ]);
  assert.deepEqual(found("insert into a.b select * from nope; drop table x;"), ["unknown-table nope"]);
  assert.deepEqual(found("!desc nope; !x named made; select * from made as t;"), [
    "unknown-table nope",
    "unknown-command x",
  ]);
});

test("no false alarms where only the run can know", () => {
  assert.deepEqual(found("use other; select * from whatever as t;"), []);
  assert.deepEqual(found("select * from db9.nope as t;", { catalogTables: undefined } as never), []);
  assert.deepEqual(
    found("include lib.`good`; select * from what, ever as t;", { readInclude: undefined } as never),
    [],
  );
  assert.deepEqual(found("select #if(1) * from nope #end as t;"), []);
  assert.deepEqual(found("select * from information_schema.x, global_temp.y, a.b.c as t;"), []);
  assert.deepEqual(
    found('train given as PythonAlg.`/m` where scripts="${x_y}" and keepVersion="${x_y}";').slice(1),
    [],
  );
});

test("options: unknown, missing, of the wrong type, not among, given twice", () => {
  const train = (options: string): readonly string[] =>
    found(`${SCRIPT} train given as PythonAlg.\`/m\` where ${options};`);
  assert.deepEqual(train('scripts="s"'), []);
  assert.deepEqual(train('entryPoint="s"'), ["missing-option PythonAlg"]);
  assert.deepEqual(train('scripts="s" and fitParm.0.x="1"'), ["unknown-option fitParm.0.x"]);
  assert.deepEqual(train('scripts="s" and algIndex="1"'), ["unknown-option algIndex"]);
  assert.deepEqual(train('scripts="s" and keepVersion="yes"'), ["wrong-option-value yes"]);
  assert.deepEqual(train('scripts="s" and systemParam.num_gpus="-1"'), ["wrong-option-value -1"]);
  assert.deepEqual(train('scripts="s" and systemParam.memory="lots"'), ["wrong-option-value lots"]);
  assert.deepEqual(train(`scripts="s" and systemParam.resources="[1]"`), ["wrong-option-value [1]"]);
  assert.deepEqual(train('scripts="s" and dataLocalFormat="jsn"'), ["wrong-option-value jsn"]);
  assert.deepEqual(train('scripts="s" and entryPoint="other"'), ["not-among other"]);
  assert.deepEqual(train('scripts="s, nope" and entryPoint="s"'), ["unknown-table nope"]);
  assert.deepEqual(train('scripts="s" and scripts="s"'), ["warning duplicate-option scripts"]);
  assert.equal(
    check(`${SCRIPT} train given as PythonAlg.\`/m\` where scripts="py";`)[0]?.suggestion,
    "`py` is a variable; make a table of it first: load script.`py` as py;",
  );
  assert.deepEqual(found("load csv.`/x` where heder='true' and sep=',' and header='x' as t;"), [
    "warning unknown-option heder",
    "wrong-option-value x",
  ]);
  assert.deepEqual(found("load csv.`/x` as c; train c as PythonAlg.`/m` where scripts='c';"), [
    "warning no-script-table c",
  ]);
  assert.deepEqual(found("set a='x' where typ='sql' and mode='never';"), [
    "unknown-option typ",
    "wrong-option-value never",
  ]);
});

test("formats, algorithms, commands", () => {
  assert.deepEqual(found("load parqet.`/x` as t; load Parquet.`/x` as u;"), ["unknown-format parqet"]);
  assert.deepEqual(found("load parqet.`/x` as t; load own.`/x` as u;", { otherFormats: true }), [
    "warning unknown-format parqet",
  ]);
  assert.deepEqual(found("load orc.`/x` as t; save given as script.`x`;"), [
    "lacking-format orc",
    "wrong-format script",
  ]);
  assert.deepEqual(found("load parquet.`` as t; register PythonAlg.`` as f;"), [
    "missing-path parquet",
    "missing-path PythonAlg",
  ]);
  assert.deepEqual(found("load script.`nope` as t; load script.`outside` as u;"), ["unknown-variable nope"]);
  assert.deepEqual(found("train given as PythonAlgo.`/m`;"), ["unknown-algorithm PythonAlgo"]);
  assert.deepEqual(found("!shw tables; !show tabels; !desc; !desc given b;"), [
    "unknown-command shw",
    "wrong-arguments tabels",
    "wrong-arguments !desc",
    "wrong-arguments b",
  ]);
});

test("included scripts", () => {
  assert.deepEqual(found("include lib.`good`; load csv.`/${made}` as t; select * from from_good as u;"), []);
  assert.deepEqual(found("include lib.`bad`; include lib.`bad`;"), [
    "unknown-statement selct",
    "unknown-variable ${nope}",
  ]);
  assert.deepEqual(found("include lib.`gone`; select * from what as t;"), ["include-not-found gone"]);
  assert.deepEqual(found("include lib.`ring`;"), ["include-ring include lib.`ring`"]);
  assert.equal(check("include lib.`bad`;")[0]?.span.file, "bad.mlsql");
});

test("names of statements that did not parse are not missed later", () => {
  const { script } = parseScript(
    "load csv `/a` as lost; select * from lost as t; set v x; load csv.`${v}` as u;",
    "t.mlsql",
  );
  assert.deepEqual(checkScript(script, context), []);
});

test("the code that a statement uses, with its place in the script", () => {
  const text = `set who="x";
set py='''
import a
print("\${who}")
''';
load script.\`py\` as s;
set env='''name: e''';
load script.\`env\` as e;
set py="changed later";
train given as PythonAlg.\`/m\` where scripts="s" and entryPoint="s" and condaFile="e" and code='''
y = 1''';`;
  const { script } = parseScript(text, "t.mlsql");
  const [blocks, ...rest] = analyzeScript(script, context).blocks;
  assert(blocks);
  assert.deepEqual(rest, []);
  assert.deepEqual(
    blocks.python.map(({ name }) => name),
    ["s", "code"],
  );
  assert.deepEqual(
    blocks.environments.map(({ name, source }) => [name, source]),
    [["e", "name: e"]],
  );
  const [python] = blocks.python;
  assert(python);
  assert.deepEqual(
    [python.variable, python.source, python.file, python.firstLine, python.firstColumn],
    ["py", '\nimport a\nprint("x")\n', "t.mlsql", 2, 11],
  );
  const start = python.source.indexOf('"x"');
  const { start: from, end } = python.place(start, start + 3);
  assert.equal(text.slice(from.offset, end.offset), '"${who}"');
  assert.equal(from.line, 4);
});
