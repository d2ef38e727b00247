import type { SqlStatement, Statement, Text } from "../statement.ts";

const IDENTIFIER = "(?:`[^`]+`|[\\p{L}\\p{N}_$]+)";
const CREATED = new RegExp(
  "^(?:create|cache)\\s+(?:or\\s+replace\\s+)?(?:(?:global|temp|temporary|local|external|lazy|materialized)\\s+)*" +
    `(?:table|view)\\s+(?:if\\s+not\\s+exists\\s+)?(${IDENTIFIER}(?:\\s*\\.\\s*${IDENTIFIER})*)`,
  "iu",
);
const RENAMED = new RegExp(`\\brename\\s+to\\s+(${IDENTIFIER}(?:\\s*\\.\\s*${IDENTIFIER})*)`, "iu");

/** The table or view that a Spark SQL statement makes, as written without quotes; undefined where it makes none. */
export function createdTable(statement: SqlStatement): string | undefined {
  const sql = statement.sql.value.replace(/--[^\r\n]*|\/\*[\s\S]*?\*\//g, " ");
  const name = (CREATED.exec(sql) ?? RENAMED.exec(sql))?.[1];
  return name?.replaceAll("`", "").replace(/\s*\.\s*/g, ".");
}

/** The tables of the session that a statement makes. */
export function madeTables(statement: Statement): readonly string[] {
  switch (statement.kind) {
    case "load":
    case "select":
      return [statement.output.value];
    case "train":
    case "run":
    case "predict":
      return statement.output ? [statement.output.value] : [];
    case "sql": {
      const created = createdTable(statement);
      return created === undefined || created.includes(".") ? [] : [created];
    }
    case "command":
      return namedTables(statement.arguments);
    default:
      return [];
  }
}

/** The names after `named`, as in `!lastCommand named a,b;`. */
function namedTables(given: readonly Text[]): readonly string[] {
  const at = given.findIndex(({ value, form }) => form === "name" && value.toLowerCase() === "named");
  const list = at < 0 ? [] : given.slice(at + 1);
  return list
    .flatMap(({ value }) => value.split(",").map((name) => name.trim()))
    .filter((name) => name !== "");
}
