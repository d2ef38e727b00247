import type { EntryKind } from "./journal-entry.ts";
import { wordsOf } from "./names.ts";
import {
  catalogKey,
  defines,
  lastPartKey,
  removes,
  session,
  type StatementChange,
  type StatementEffect,
  viewKey,
  write,
} from "./statement-effect.ts";
import { variableKeys } from "./session-statements.ts";
import type { StatementReader } from "./statement-reader.ts";
import { names } from "./sql-script.ts";

const UNKNOWN_PIN = "a view whose name only its driver knows may have been taken from it";

const DATABASE = ["database", "schema", "namespace"];

/** `CREATE …` and `REPLACE TABLE` */
export function createStatement(reader: StatementReader): StatementEffect {
  if (reader.take("replace"))
    return reader.take("table") ? write(tableChange(reader.name(), "made")) : write();
  const first = reader.at;
  reader.take("create");
  const orReplace = reader.take("or", "replace");
  const global = reader.take("global");
  const temporary = reader.takeOne("temp", "temporary") !== undefined;
  reader.take("external");
  const object = reader.word() ?? "";
  const behind = reader.at;
  reader.at += 1;
  const ifAbsent = reader.take("if", "not", "exists");
  const name = reader.name();
  if (object === "table" && !temporary) return write(tableChange(name, "made"));
  const uses = wordsOf(reader.rest());
  const made = (kind: EntryKind, prefix: string, again: boolean) => {
    const key = kind === "table" ? catalogKey(prefix, name) : lastPartKey(prefix, name);
    // Made again in a catalogue that others use too, it must not mind that it is there.
    const text = again && !orReplace && !ifAbsent ? reader.withAfter(behind, "IF NOT EXISTS") : undefined;
    return defines(kind, [ifAbsent && key !== undefined ? `if-absent ${key}` : key], uses, text);
  };
  const lasting = (prefix: string) => write([{ object: "definition", entry: made("table", prefix, true) }]);
  if (global && object === "view") {
    // All sessions of a driver have it: where one moves to, another may have made it before.
    const text = orReplace ? undefined : reader.withAfter(first, "OR REPLACE");
    return session([defines("view", [lastPartKey("global-view", name)], uses, text)]);
  }
  if (temporary) {
    if (object === "function") return session([made("function", "function", false)]);
    return object === "view" || object === "table" ? session([made("view", "view", false)]) : write();
  }
  if (object === "view") return lasting("table");
  if (object === "function") return lasting("catalog-function");
  return DATABASE.includes(object) ? lasting("database") : write();
}

/** `ALTER …` */
export function alterStatement(reader: StatementReader): StatementEffect {
  reader.take("alter");
  const object = reader.word() ?? "";
  reader.at += 1;
  const name = reader.name();
  const renamed = reader.take("rename", "to");
  if (object === "view") {
    if (name === undefined) return write([{ object: "unknown" }], [], UNKNOWN_PIN);
    const to = renamed ? reader.name() : undefined;
    const uses = renamed ? name.map((part) => part.toLowerCase()) : wordsOf(...name, reader.rest());
    const keys = (keyOf: (name: readonly string[] | undefined) => string | undefined) => [
      present(keyOf(name)),
      ...(renamed ? [keyOf(to)] : []),
    ];
    const lasting = defines(
      "table",
      keys((parts) => catalogKey("table", parts)),
      uses,
    );
    const tables: StatementChange[] = [{ object: "definition", entry: lasting }];
    if (viewKey(name) === undefined) return write(tables);
    return write(tables, [defines("view", keys(viewKey), uses)]);
  }
  if (object === "table") {
    if (!renamed) return write(tableChange(name, "altered"));
    const to = reader.name();
    const changes = [...tableChange(name, "removed"), ...tableChange(sibling(name, to), "made")];
    // Spark renames a temporary view with it too.
    const [from, under] = [viewKey(name), viewKey(to)];
    if (name === undefined || from === undefined || under === undefined) return write(changes);
    return write(changes, [defines("view", [present(from), under], wordsOf(...name))]);
  }
  if (DATABASE.includes(object)) {
    const entry = defines("table", [present(catalogKey("database", name))], name ?? []);
    return write([{ object: "definition", entry }]);
  }
  return write();
}

/** `DROP …` */
export function dropStatement(reader: StatementReader): StatementEffect {
  reader.take("drop");
  const temporary = reader.takeOne("temp", "temporary") !== undefined;
  const object = reader.word() ?? "";
  reader.at += 1;
  reader.take("if", "exists");
  const name = reader.name();
  switch (object) {
    case "variable": {
      const all = [name, ...(reader.take(",") ? names(reader) : [])];
      return session([removes("variable", variableKeys(all))]);
    }
    case "view":
    case "table": {
      if (temporary) return session([removes("view", [viewKey(name)])]);
      if (name === undefined) return write(tableChange(name, "removed"), [], UNKNOWN_PIN);
      const key = viewKey(name);
      if (key?.startsWith("global-view:") === true) return session([removes("view", [key])]);
      if (key === undefined) return write(tableChange(name, "removed"));
      const entry = removes("view", [present(key)]);
      if (object === "view") return write(tableChange(name, "removed"), [entry]);
      return write([...tableChange(name, "removed"), { object: "temporary view", entry }]);
    }
    case "function": {
      if (temporary) return session([removes("function", [lastPartKey("function", name)])]);
      return write([
        { object: "definition", entry: removes("table", [present(catalogKey("catalog-function", name))]) },
      ]);
    }
    default: {
      if (!DATABASE.includes(object)) return write();
      return write([
        { object: "definition", entry: removes("table", [present(catalogKey("database", name))]) },
      ]);
    }
  }
}

function tableChange(
  name: readonly string[] | undefined,
  change: "made" | "altered" | "removed",
): StatementChange[] {
  return name === undefined ? [{ object: "unknown" }] : [{ object: "table", name, change }];
}

/** A table is renamed within its database. */
function sibling(name: readonly string[] | undefined, to: readonly string[] | undefined) {
  return name === undefined || to === undefined || to.length > 1 ? to : [...name.slice(0, -1), ...to];
}

function present(key: string | undefined): string | undefined {
  return key === undefined ? undefined : `if-present ${key}`;
}
