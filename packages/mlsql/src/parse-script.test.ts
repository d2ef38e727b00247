import assert from "node:assert/strict";
import test from "node:test";
import { parseScript } from "./parse-script.ts";
import type { Span } from "./span.ts";
import type { Statement } from "./statement.ts";

function parse(text: string): readonly Statement[] {
  const { script, diagnostics } = parseScript(text, "t.mlsql");
  assert.deepEqual(diagnostics, []);
  return script.statements;
}

function only<K extends Statement["kind"]>(text: string, kind: K): Statement & { readonly kind: K } {
  const [statement, ...rest] = parse(text);
  assert.equal(rest.length, 0);
  assert.equal(statement?.kind, kind);
  return statement as Statement & { readonly kind: K };
}

/** Codes with the text that each one points at. */
function mistakes(text: string): readonly string[] {
  return parseScript(text, "t.mlsql").diagnostics.map(({ code, span }) => `${code} ${cut(text, span)}`);
}

function cut(text: string, span: Span): string {
  return text.slice(span.start.offset, span.end.offset);
}

test("the essay's script parses to the letter", () => {
  const text = `-- python 训练模型的代码
set py_train='''
import ray
ray.init()
@ray.remote(num_cpus=2, num_gpus=1)
def f(x):
    return x * x
futures = [f.remote(i) for i in range(4)]
print(ray.get(futures))
''';
load script.\`py_train\` as py_train;

-- 设置需要的python环境描述
set py_env='''
''';
load script.\`py_env\` as py_env;

-- 加载hive的表
load hive.\`db1.table1\` as table1;

-- 对Hive做处理,比如做一些特征工程
select features,label from table1 as data;

-- 提交Python代码到Ray里,此时是运行在k8s里的
train data as PythonAlg.\`/tmp/tf/model\`
where scripts="py_train"
and entryPoint="py_train"
and condaFile="py_env"
and  keepVersion="true"
and fitParam.0.fileFormat="json" -- 还可以是parquet
and \`fitParam.0.psNum\`="1";
`;
  const statements = parse(text);
  assert.deepEqual(
    statements.map(({ kind }) => kind),
    ["set", "load", "set", "load", "load", "select", "train"],
  );
  const train = statements[6];
  assert(train?.kind === "train");
  assert.deepEqual(
    train.options.map(({ key, value }) => [key, value.value]),
    [
      ["scripts", "py_train"],
      ["entryPoint", "py_train"],
      ["condaFile", "py_env"],
      ["keepVersion", "true"],
      ["fitParam.0.fileFormat", "json"],
      ["fitParam.0.psNum", "1"],
    ],
  );
  assert.equal(train.output, undefined);
  const code = statements[0];
  assert(code?.kind === "set");
  assert.equal(code.value.span.start.line, 2);
  assert.equal(code.value.value.split("\n")[1], "import ray");
});

test("set: all forms of values", () => {
  const value = (text: string): readonly string[] => {
    const { value: found } = only(text, "set");
    return [found.form, found.value];
  };
  assert.deepEqual(value(`set a = "x\\ty\\"z";`), ["double", 'x\ty"z']);
  assert.deepEqual(value(`set a='\\u4e2d\\d';`), ["single", "中\\d"]);
  assert.deepEqual(value("set a='''\n\\n'x' \"y\"\n''';"), ["block", `\n\\n'x' "y"\n`]);
  assert.deepEqual(value("set a=-1.5e3;"), ["number", "-1.5e3"]);
  assert.deepEqual(value("set a=b.c;"), ["name", "b.c"]);
  assert.deepEqual(value('set a=`select count(*) from t` where type="sql";'), [
    "backquote",
    "select count(*) from t",
  ]);
  assert.equal(
    only('set spark.sql.shuffle.partitions="2";', "set").key.value,
    "spark.sql.shuffle.partitions",
  );
});

test("load: where, options or neither, a first and, keys of every kind", () => {
  const options = (text: string): readonly string[] =>
    only(text, "load").options.map(({ key, value }) => `${key}=${value.value}`);
  assert.deepEqual(options("load csv.`/a` where header=\"true\" and `a.b c`='x' as t;"), [
    "header=true",
    "a.b c=x",
  ]);
  assert.deepEqual(options('load csv.`/a` options and header="true" as t;'), ["header=true"]);
  assert.deepEqual(options("load csv.`/a` header='''true''' as t;"), ["header=true"]);
  assert.deepEqual(options('load csv.`/a` where load="1" and set="2" and run.0.x="3" as t;'), [
    "load=1",
    "set=2",
    "run.0.x=3",
  ]);
  assert.deepEqual(options("load csv.`/a` where as t;"), []);
});

test("load: paths in backquotes, quotes, empty, dotted; formats that are class names", () => {
  const source = (text: string): readonly string[] => {
    const { format, path } = only(text, "load").source;
    return [format.value, path.value];
  };
  assert.deepEqual(source("load csv.`/a b/${x}` as t;"), ["csv", "/a b/${x}"]);
  assert.deepEqual(source('load csv."/a" as t;'), ["csv", "/a"]);
  assert.deepEqual(source("load Rest.`` as t;"), ["Rest", ""]);
  assert.deepEqual(source("load hive.db1.table1 as t;"), ["hive", "db1.table1"]);
  assert.deepEqual(source("load com.example.Source.`x` as t;"), ["com.example.Source", "x"]);
});

test("select: the last `as name` names the table, whatever stands before it", () => {
  const select = (text: string): readonly string[] => {
    const { sql, output } = only(text, "select");
    return [sql.value, output.value];
  };
  assert.deepEqual(select("select 1 as a as t;"), ["select 1 as a", "t"]);
  assert.deepEqual(select("SELECT a AS b FROM x AS `t 1`;"), ["SELECT a AS b FROM x", "t 1"]);
  assert.deepEqual(select("with q as (select 1) select * from q as t;"), [
    "with q as (select 1) select * from q",
    "t",
  ]);
  const tricky = `select /*+ broadcast(t); */ ';' as a, "--" as b, \`x;y\` /* ; as z */ from t -- ; as q`;
  assert.deepEqual(select(`${tricky}\nas out;`), [tricky, "out"]);
  assert.deepEqual(select("select 'it''s' as a, '\\'; as b' as t"), [
    "select 'it''s' as a, '\\'; as b'",
    "t",
  ]);
  assert.deepEqual(select("select 1 as t -- done\n;"), ["select 1", "t"]);
  assert.deepEqual(select("select * from (\nselect 1 as a\n) as t;"), [
    "select * from (\nselect 1 as a\n)",
    "t",
  ]);
});

test("save: modes, partitions, a table that is called like a mode", () => {
  const save = (text: string): unknown => {
    const { mode, input, source, partitionBy } = only(text, "save");
    return [mode, input.value, source.format.value, partitionBy.map(({ value }) => value)];
  };
  assert.deepEqual(save("save overwrite t as parquet.`/x`;"), ["overwrite", "t", "parquet", []]);
  assert.deepEqual(save("save t as hive.`db.t` partitionBy a, `b c`;"), [
    "errorIfExists",
    "t",
    "hive",
    ["a", "b c"],
  ]);
  assert.deepEqual(save('SAVE Append t AS csv.`/x` WHERE header="true" PARTITIONBY a;'), [
    "append",
    "t",
    "csv",
    ["a"],
  ]);
  assert.deepEqual(save("save append as csv.`/x`;"), ["errorIfExists", "append", "csv", []]);
});

test("train, run, predict, register, include, connect", () => {
  const train = only('train t into A.`/m` where a="1" as out;', "train");
  assert.deepEqual([train.input.value, train.source.format.value, train.output?.value], ["t", "A", "out"]);
  assert.equal(only("run command as Ray.`` as t;", "run").source.path.value, "");
  assert.equal(only("predict t as A.`/m`;", "predict").output, undefined);
  assert.equal(only('register A.`/m` as f where x="1";', "register").function.value, "f");
  assert.equal(only("include lib.`a.mlsql`;", "include").source.path.value, "a.mlsql");
  const connect = only('connect jdbc where url="u" and driver="d" as db_1;', "connect");
  assert.deepEqual([connect.format.value, connect.options.length, connect.name.value], ["jdbc", 2, "db_1"]);
});

test("what Spark SQL runs as it stands", () => {
  const sql = only("create table a.b as select ';' as x; ", "sql");
  assert.deepEqual([sql.verb, sql.sql.value], ["create", "create table a.b as select ';' as x"]);
  for (const text of ["insert into t values (1)", "drop table t", "refresh table t", "DESCRIBE t"]) {
    assert.equal(only(text, "sql").sql.value, text);
  }
});

test("commands: shell-like words, strings, blocks, backquotes", () => {
  const words = (text: string): readonly string[] =>
    only(text, "command").arguments.map(({ value }) => value);
  assert.deepEqual(words("!show et/params/X;"), ["et/params/X"]);
  assert.deepEqual(words("!hdfs -ls /a/*;"), ["-ls", "/a/*"]);
  assert.deepEqual(words(`!assert t ''':a==1; b''' "message";`), ["t", ":a==1; b", "message"]);
  assert.deepEqual(words("!m _ -path `/a b` --x -- a comment\n;"), ["_", "-path", "/a b", "--x"]);
  assert.equal(parse("!hdfs -ls /*; select 1 as a /* c */ as t;").length, 2);
  assert.deepEqual(words("!hdfs /* where */ -ls /p;"), ["-ls", "/p"]);
  assert.equal(only("!lastTableName;", "command").name.value, "lastTableName");
  assert.equal(only(`!if ''' :x > 1 ''';`, "command").name.value, "if");
});

test("lone `;`, a missing last `;`, empty scripts, comments alone, Unicode names", () => {
  assert.equal(parse(";;select 1 as a as t;;;").length, 1);
  assert.equal(parse("load csv.`/a` as t").length, 1);
  for (const text of ["", " \n", "-- x", "/* x */ -- y\n;", "\uFEFF"]) assert.equal(parse(text).length, 0);
  assert.equal(only("load\u00a0csv.`/a`\u3000as\u3000t;", "load").output.value, "t");
  assert.equal(only("load csv.`/数据` as 表_1;", "load").output.value, "表_1");
  assert.equal(
    only('load csv.`/a` -- one\n/* two */ where -- three\na="1" -- four\nas t;', "load").options.length,
    1,
  );
});

test("spans are right after CRLF, CR, a byte order mark, tabs and right-to-left text", () => {
  const text = "\uFEFFset a='שלום';\r\n\tload csv.`/x` as t;\rselect 1 as ערך as u;";
  const [, load, select] = parse(text);
  assert(load?.kind === "load" && select?.kind === "select");
  assert.deepEqual(load.span.start, { line: 2, column: 2, offset: 17 });
  assert.equal(cut(text, load.source.path.span), "/x");
  assert.deepEqual(select.span.start.line, 3);
  assert.equal(cut(text, select.output.span), "u");
});

test("every mistake is told, each at its place", () => {
  const cases: readonly (readonly [text: string, ...found: string[]])[] = [
    ["lod csv.`/a` as t;", "unknown-statement lod"],
    ["load csv.`/a`;", "missing-as `"],
    ['load csv.`/a` wher a="b" as t;', "syntax-error wher"],
    ['load csv.`/a` where a="b" c="d" as t;', "syntax-error c"],
    ['load csv.`/a` where a="b", c="d" as t;', "syntax-error ,"],
    ['load csv.`/a` where a="b" and as t;', "syntax-error as"],
    ["load csv.`/a` where a=b and c=1 as t;", "unquoted-value b", "unquoted-value 1"],
    ["load `/a` as t;", "syntax-error as"],
    ["load csv. as t;", "syntax-error as"],
    ["select 1;", "missing-as select 1"],
    ["select a from b\nwhere c;", "missing-as select a from b"],
    ["set x = ;", "syntax-error ="],
    ["set = 1;", "syntax-error ="],
    ["save overwite t as csv.`/a`;", "syntax-error overwite"],
    ["train t PythonAlg.`/m`;", "syntax-error PythonAlg"],
    ["register A.`/m` f;", "syntax-error f"],
    ['connect jdbc where url="x";', 'syntax-error "'],
    ["load csv.`/a` as t；", "syntax-error ；"],
    ["= 3;", "syntax-error ="],
    ["select 1 as a as t\nselect 2 as a as u;", "missing-semicolon t"],
    ["load csv.`/a` as t\n!show tables\nload csv.`/b` as u", "missing-semicolon t", "missing-semicolon s"],
    ["set a='b;\nset c='d';", "unclosed-string 'b"],
    ["select 'a from t as x;\nselect 'b' as c as d;", "unclosed-string 'a from t as x"],
    ["load csv.`/a as t;\nload csv.`/b` as u;", "unclosed-backquote `/a as t"],
    ["select 1 /* as t;\nselect 2 as b as u;", "unclosed-comment /* as t"],
    ["/* never closed", "unclosed-comment /* never closed"],
    ["set a='''x;\nset b='''\ny\n''';", "unclosed-block '''x"],
  ];
  for (const [text, ...found] of cases) assert.deepEqual(mistakes(text), found, text);
});

test("a mistake does not hide the statements around it", () => {
  const text = "select 1 as a as t1;\nlod x;\nset b='''x;\nset c='''\ny\n''';\nload csv.`/a` as t2;";
  const { script, diagnostics } = parseScript(text, "t.mlsql");
  assert.deepEqual(
    script.statements.map(({ kind }) => kind),
    ["select", "set", "load"],
  );
  assert.deepEqual(
    diagnostics.map(({ code }) => code),
    ["unknown-statement", "unclosed-block"],
  );
});

test("suggestions name the near word and what would mend the text", () => {
  const [first] = parseScript("lod csv.`/a` as t;", "t.mlsql").diagnostics;
  assert.equal(first?.suggestion, "Did you mean `load`?");
  assert.equal(first.replacement, "load");
  const [second] = parseScript("load csv.`/a` as t；", "t.mlsql").diagnostics;
  assert.equal(second?.replacement, ";");
});

test("a statement that did not parse leaves the names that it would have made", () => {
  const { script } = parseScript("load csv `/a` as t; set x y;", "t.mlsql");
  assert.deepEqual(
    script.lostNames?.map(({ kind, name }) => `${kind} ${name.value}`),
    ["table t", "variable x"],
  );
});
