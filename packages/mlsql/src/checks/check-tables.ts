import type { SourceText } from "../source-text.ts";
import type { Span } from "../span.ts";
import type { Text } from "../statement.ts";
import { suggestName } from "../suggest.ts";
import { type LaterNames, lineFrom } from "./later-names.ts";
import { catalogKey, type Scope } from "./scope.ts";
import { tableReferences } from "./sql-tables.ts";
import { spanInText } from "./text-span.ts";

/** Databases whose tables Spark makes by itself. */
const SYSTEM_DATABASES = new Set(["information_schema", "global_temp", "system", "sys"]);

/** Reports a table that is used and that nothing has made. A name is blamed once. */
export function checkTable(scope: Scope, later: LaterNames, name: string, span: Span): void {
  if (name.includes(".") && !name.includes("${")) {
    checkCatalogTable(scope, name, span);
    return;
  }
  const key = name.toLowerCase();
  if (
    scope.open ||
    scope.openTables ||
    scope.tables.has(key) ||
    scope.givenTables.has(key) ||
    name.includes("${")
  )
    return;
  if (scope.catalogTables.has(catalogKey(name)) || scope.context.catalogTables?.(name)) return;
  scope.givenTables.add(key);
  const made = later.tables.get(key);
  if (made) {
    scope.error(
      "table-used-too-early",
      `the table ${name} is made only later, on ${lineFrom(span, made)}`,
      span,
      {
        suggestion: "Move this statement behind it.",
      },
    );
    return;
  }
  const near = suggestName(name, [
    ...[...scope.tables.values()].map((table) => table.name),
    ...(scope.context.tables ?? []),
  ]);
  const variable = scope.hasVariable(name);
  scope.error("unknown-table", `no table is called ${name}`, span, {
    ...(variable
      ? {
          suggestion: `\`${name}\` is a variable; make a table of it first: load script.\`${name}\` as ${name};`,
        }
      : near && { suggestion: `Did you mean \`${near}\`?`, replacement: near }),
  });
}

/** Reports a table of the catalogue that is not there, where the catalogue is known. */
export function checkCatalogTable(scope: Scope, name: string, span: Span): void {
  const key = catalogKey(name);
  const { catalogTables } = scope.context;
  if (scope.open || scope.openTables || !catalogTables || scope.catalogTables.has(key) || catalogTables(name))
    return;
  if (key.split(".").length > 2 || SYSTEM_DATABASES.has(key.split(".")[0] ?? "")) return;
  const near = suggestName(key, scope.catalogTables);
  scope.catalogTables.add(key);
  scope.error("unknown-table", `the catalogue has no table ${name}`, span, {
    ...(near && { suggestion: `Did you mean \`${near}\`?`, replacement: near }),
  });
}

/** Checks the tables that a query reads. Queries that are templates are left alone where they are not yet text. */
export function checkQuery(scope: Scope, later: LaterNames, source: SourceText, sql: Text): void {
  if (/#(?:set|foreach|if|macro)\b/.test(sql.value)) return;
  const expansion = scope.variables.expandWithMap(sql.value);
  for (const { parts, start, end } of tableReferences(expansion.text)) {
    const span = spanInText(source, sql, expansion.originalOffset(start), expansion.originalEnd(end));
    const [first = "", second = ""] = parts;
    if (parts.length === 1) checkTable(scope, later, first, span);
    else if (parts.length === 2 && !isPath(scope, first, second))
      checkCatalogTable(scope, parts.join("."), span);
  }
}

/** Whether `format.`path`` names files rather than a table of a database. */
function isPath(scope: Scope, format: string, path: string): boolean {
  if (/[/\\.:*]/.test(path)) return true;
  return scope.context.formats.some(({ name }) => name.toLowerCase() === format.toLowerCase());
}
