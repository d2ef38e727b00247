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

const DATABASE = ["database", "schema", "namespace"];

/** `CREATE …` and `REPLACE TABLE` */
export function createStatement(reader: StatementReader): StatementEffect {
  const first = reader.at;
  const replace = reader.word() === "replace";
  reader.at += 1;
  const orReplace = reader.take("or", "replace");
  const global = reader.take("global");
  const temporary = reader.takeOne("temp", "temporary") !== undefined;
  const external = reader.take("external");
  const object = reader.word();
  reader.at += 1;
  const ifAbsent = reader.take("if", "not", "exists");
  const kept = (key: string | undefined) => (ifAbsent && key !== undefined ? `if-absent ${key}` : key);
  switch (object) {
    case "table":
    case "view": {
      const name = reader.name();
      const uses = wordsOf(reader.rest());
      if (temporary || global) {
        const key = global ? lastPartKey("global-view", name) : lastPartKey("view", name);
        return session([defines("view", [kept(key)], uses)]);
      }
      if (object === "table" || replace || external) return write(tableChange(name, "made"));
      const entry = defines(
        "table",
        [kept(catalogKey("table", name))],
        uses,
        orReplace || ifAbsent ? undefined : reader.withAfter(first, "OR REPLACE"),
      );
      return write([{ object: "definition", entry }]);
    }
    case "function": {
      const name = reader.name();
      const uses = wordsOf(reader.rest());
      if (temporary) return session([defines("function", [kept(lastPartKey("function", name))], uses)]);
      const text = orReplace || ifAbsent ? undefined : reader.withAfter(first, "OR REPLACE");
      const key = catalogKey("catalog-function", name);
      return write([{ object: "definition", entry: defines("table", [kept(key)], uses, text) }]);
    }
    case "database":
    case "schema":
    case "namespace": {
      const text = ifAbsent ? undefined : reader.withAfter(reader.at - 1, "IF NOT EXISTS");
      const entry = defines("table", [kept(catalogKey("database", reader.name()))], [], text);
      return write([{ object: "definition", entry }]);
    }
    default:
      return write();
  }
}

/** `ALTER …` */
export function alterStatement(reader: StatementReader): StatementEffect {
  reader.take("alter");
  const object = reader.word() ?? "";
  reader.at += 1;
  const name = reader.name();
  const renamed = reader.take("rename", "to");
  if (object === "view") {
    const to = renamed ? reader.name() : undefined;
    const uses = renamed
      ? (name ?? []).map((part) => part.toLowerCase())
      : wordsOf(...(name ?? []), reader.rest());
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
    if (name !== undefined && viewKey(name) === undefined) return write(tables);
    return write(tables, [defines("view", keys(viewKey), uses)]);
  }
  if (object === "table") {
    if (!renamed || reader.word() === "partition") return write(tableChange(name, "altered"));
    return write([...tableChange(name, "removed"), ...tableChange(sibling(name, reader.name()), "made")]);
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
      const key = viewKey(name);
      if (key?.startsWith("global-view:") === true) return session([removes("view", [key])]);
      const entries = key === undefined ? [] : [removes("view", [present(key)])];
      return write(tableChange(name, "removed"), entries);
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
