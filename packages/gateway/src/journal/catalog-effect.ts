import { caseOf, type MessageView, partMessage, smallNumber, text } from "./message-view.ts";
import { quoteIdentifier, wordsOf } from "./names.ts";
import {
  catalogKey,
  defines,
  lastPartKey,
  READ,
  removes,
  session,
  type StatementEffect,
  viewKey,
  write,
} from "./statement-effect.ts";
import { nameOf } from "./statement-reader.ts";

const UNKNOWN_PIN = "it has called its catalogue in a way that the gateway does not know";

/** What a call of the catalogue (`spark.connect.Catalog`) does. */
export function catalogEffect(catalog: MessageView): StatementEffect {
  const found = caseOf(catalog, "cat_type");
  const view = found === undefined ? undefined : partMessage(found);
  if (found === undefined || view === undefined) return write([], [], UNKNOWN_PIN);
  const table = nameOf(text(view, "table_name"));
  switch (found.field.name) {
    case "set_current_database":
      return session([defines("catalog", ["catalog:database"], ["catalog:catalog"])]);
    case "set_current_catalog":
      return session([defines("catalog", ["catalog:catalog", "catalog:database"])]);
    case "drop_temp_view":
      return session([removes("view", [lastPartKey("view", [text(view, "view_name")])])]);
    case "drop_global_temp_view":
      return session([removes("view", [lastPartKey("global-view", [text(view, "view_name")])])]);
    case "cache_table":
      return session([defines("persist", [catalogKey("persist", table)], wordsOf(text(view, "table_name")))]);
    case "uncache_table":
      return session([removes("persist", [catalogKey("persist", table)])]);
    case "clear_cache":
      return session([removes("persist", ["persist:*"])]);
    case "create_table":
    case "create_external_table":
      return write([
        table === undefined ? { object: "unknown" } : { object: "table", name: table, change: "made" },
      ]);
    case "drop_table":
      return drop(table, "table");
    case "drop_view":
      return drop(nameOf(text(view, "view_name")), "view");
    case "create_database": {
      const name = nameOf(text(view, "db_name"));
      // Made again it must not mind that it is there: another session may have made it on that driver.
      const statement =
        name === undefined || smallNumber(view, "if_not_exists") === 1
          ? undefined
          : `CREATE DATABASE IF NOT EXISTS ${name.map(quoteIdentifier).join(".")}`;
      const entry = defines("table", [catalogKey("database", name)], [], statement);
      return write([{ object: "definition", entry }]);
    }
    case "drop_database": {
      const key = catalogKey("database", nameOf(text(view, "db_name")));
      const entry = removes("table", [key === undefined ? undefined : `if-present ${key}`]);
      return write([{ object: "definition", entry }]);
    }
    case "truncate_table":
    case "analyze_table":
    case "recover_partitions":
      return write();
    default:
      return READ;
  }
}

/** A table or lasting view, or else a temporary view of that name. */
function drop(name: readonly string[] | undefined, object: "table" | "view"): StatementEffect {
  if (name === undefined) return write([{ object: "unknown" }], [], UNKNOWN_PIN);
  const key = viewKey(name);
  const removed = { object: "table", name, change: "removed" } as const;
  if (key === undefined) return write([removed]);
  const entry = removes("view", [`if-present ${key}`]);
  return object === "view"
    ? write([removed], [entry])
    : write([removed, { object: "temporary view", entry }]);
}
