import { wordsOf } from "./names.ts";
import { alterStatement, createStatement, dropStatement } from "./catalog-statements.ts";
import { executeImmediate, mayChangeSession } from "./sql-script.ts";
import {
  catalogKey,
  defines,
  READ,
  removes,
  session,
  type StatementEffect,
  viewKey,
  write,
} from "./statement-effect.ts";
import { StatementReader } from "./statement-reader.ts";
import { declareStatement, resetStatement, setStatement, useStatement } from "./session-statements.ts";

/** Words with which statements begin that only read. */
const READS = new Set(["select", "values", "table", "show", "describe", "desc", "list", "refresh", "help"]);

const SCRIPT_PIN = "a SQL script may have changed the session";

/**
 * What a SQL statement of Spark or Sail does beyond its answer, read from its words. What is not known counts as a
 * write. Mistakes need not be found: a statement that fails changes nothing.
 * @param parameters the strings among its parameters, by name, or by place from 0 on
 */
export function statementEffect(sql: string, parameters?: ReadonlyMap<string, string>): StatementEffect {
  const reader = new StatementReader(sql, parameters);
  return readStatement(reader);
}

function readStatement(reader: StatementReader): StatementEffect {
  if (reader.take("(")) {
    while (reader.take("(")) continue;
    return isQuery(reader) ? READ : write();
  }
  const first = reader.word();
  if (first !== undefined && READS.has(first)) return READ;
  switch (first) {
    case "from":
    case "with":
      return isQuery(reader) ? READ : write();
    case "explain":
      return explainStatement(reader);
    case "set":
      return setStatement(reader);
    case "reset":
      return resetStatement(reader);
    case "use":
      return useStatement(reader);
    case "declare":
      return declareStatement(reader);
    case "create":
    case "replace":
      return createStatement(reader);
    case "alter":
      return alterStatement(reader);
    case "drop":
      return dropStatement(reader);
    case "cache":
    case "uncache":
    case "clear":
      return cacheStatement(reader);
    case "add":
      return addStatement(reader);
    case "execute":
      return reader.word(1) === "immediate"
        ? executeImmediate(reader, (text) => statementEffect(text))
        : write();
    case "begin":
      return scriptEffect(reader);
    default:
      return reader.word(1) === ":" ? scriptEffect(reader) : write();
  }
}

/** Whether a statement that begins with FROM, WITH, or a parenthesis only reads: no INSERT, MERGE … in it. */
function isQuery(reader: StatementReader): boolean {
  if (reader.word() === "with") skipTableExpressions(reader);
  while (reader.take("(")) continue;
  const first = reader.word();
  if (first === "with") return isQuery(reader);
  if (first === "from") return !isMultiInsert(reader);
  return first !== undefined && READS.has(first);
}

/** From WITH to the first word behind the last common table expression. */
function skipTableExpressions(reader: StatementReader): void {
  reader.take("with");
  while (reader.peek() !== undefined) {
    if (reader.word() !== "(") {
      reader.at += 1;
      continue;
    }
    reader.skipGroup();
    if (!["as", "(", ",", "max"].includes(reader.word() ?? "")) return;
  }
}

/** `FROM t INSERT INTO …`, which may have several targets. */
function isMultiInsert(reader: StatementReader): boolean {
  const start = reader.at;
  let found = false;
  while (reader.peek() !== undefined && !found) {
    if (reader.word() === "(") reader.skipGroup();
    else {
      found = reader.word() === "insert" && reader.word(-1) !== ".";
      reader.at += 1;
    }
  }
  reader.at = start;
  return found;
}

/** Sail runs what EXPLAIN ANALYZE explains. */
function explainStatement(reader: StatementReader): StatementEffect {
  reader.take("explain");
  const analyze = reader.take("analyze");
  reader.take("verbose");
  if (!analyze) return READ;
  return readStatement(reader).type === "read" ? READ : write();
}

function cacheStatement(reader: StatementReader): StatementEffect {
  const first = reader.at;
  const verb = reader.takeOne("cache", "uncache", "clear");
  if (verb === "clear") return session([removes("persist", ["persist:*"])]);
  const lazy = reader.take("lazy");
  reader.take("table");
  reader.take("if", "exists");
  const name = reader.name();
  const key = catalogKey("persist", name);
  if (verb === "uncache") return session([removes("persist", [key])]);
  const uses = wordsOf(...(name ?? []), reader.rest());
  if (reader.take("options")) reader.skipGroup();
  const isView = reader.peek() !== undefined;
  // Filling the cache at once would run the query when the session is moved.
  const text = lazy ? undefined : reader.withAfter(first, "LAZY");
  const keys = isView ? [key, viewKey(name)] : [key];
  return session([defines("persist", keys, uses, text)]);
}

function addStatement(reader: StatementReader): StatementEffect {
  reader.take("add");
  const kind = /^(jar|file|archive)s?$/u.exec(reader.word() ?? "")?.[1];
  if (kind === undefined) return write();
  reader.at += 1;
  return session([defines("artifact", [`artifact:add ${kind} ${reader.rest().trim()}`])]);
}

function scriptEffect(reader: StatementReader): StatementEffect {
  return write([], [], mayChangeSession(reader) ? SCRIPT_PIN : undefined);
}
