import assert from "node:assert/strict";
import test from "node:test";
import { parseScript } from "./parse-script.ts";
import { statementTitle } from "./statement-title.ts";

function title(text: string): string {
  const [statement] = parseScript(text, "t.mlsql").script.statements;
  assert(statement);
  return statementTitle(statement);
}

test("one line for each kind of statement", () => {
  assert.equal(title("set a='''\nx''';"), "set a");
  assert.equal(title("load csv.`/a` as t;"), "load csv /a → t");
  assert.equal(
    title("select features, -- both\n  label from t /* x */ as data;"),
    "select features, label from t → data",
  );
  assert.equal(title("save overwrite t as hive.`db.t`;"), "save t → hive db.t");
  assert.equal(title("train data as PythonAlg.`/tmp/m`;"), "train data as PythonAlg → /tmp/m");
  assert.equal(title("run t as Ray.`` as out;"), "run t as Ray → out");
  assert.equal(title("predict t as PythonAlg.`/m` as p;"), "predict t as PythonAlg → /m → p");
  assert.equal(title("register PythonAlg.`/m` as f;"), "register PythonAlg /m → f");
  assert.equal(title("include lib.`x`;"), "include lib x");
  assert.equal(title('connect jdbc where url="u" as db;'), "connect jdbc → db");
  assert.equal(title("drop  table\n t;"), "drop table t");
  assert.equal(title("!show tables;"), "!show tables");
});

test("long ones are cut to 80 columns and still say what they make", () => {
  const long = title(`select ${"a, ".repeat(100)} b from t as result;`);
  assert.equal(long.length, 80);
  assert.match(long, /… → result$/);
  assert.equal(title(`!println '''${"x".repeat(200)}''';`).length, 80);
});
