import { type SqlToken, sqlTokens } from "../sql-tokens.ts";

/** A table's name in a query, as parts without their quotes, with its offsets in the query's text. */
export interface TableReference {
  readonly parts: readonly string[];
  readonly start: number;
  readonly end: number;
}

/** One pair of parentheses, or the whole text: `query` where FROM names tables, not an argument of a function. */
interface Group {
  readonly query: boolean;
  /** Whether a comma at this level parts two tables. */
  inFrom: boolean;
}

const QUERY_WORDS = new Set(["select", "with", "from"]);
/** Words that end the list of tables after FROM; what follows a comma behind them is no table. */
const END_OF_FROM = new Set(
  "where group having order sort cluster distribute limit offset window union intersect except minus on using lateral select qualify pivot unpivot insert".split(
    " ",
  ),
);
/** Words that stand where a table's name could and are none. */
const NO_TABLE = new Set([
  "lateral",
  "values",
  "table",
  "unnest",
  "stream",
  "select",
  "with",
  "from",
  "only",
]);

/**
 * The tables that a query reads: the names after FROM and JOIN that are no common table expression, subquery,
 * table function or path. Whatever is in doubt is left out.
 */
export function tableReferences(sql: string): readonly TableReference[] {
  const tokens = [...sqlTokens(sql)].filter(({ kind }) => kind !== "comment" && kind !== "hint");
  const words = tokens.map((token) =>
    token.kind === "word" ? textOf(sql, token).toLowerCase() : textOf(sql, token),
  );
  const local = commonTableExpressions(sql, tokens, words);
  const found: TableReference[] = [];
  const groups: Group[] = [{ query: true, inFrom: false }];
  const readTable = (index: number): void => {
    const reference = tableAt(sql, tokens, index);
    if (!reference) return;
    const isLocal = reference.parts.length === 1 && local.has(reference.parts[0]?.toLowerCase() ?? "");
    if (!isLocal) found.push(reference);
  };
  for (const [index, word] of words.entries()) {
    const group = groups.at(-1) ?? { query: false, inFrom: false };
    const before = words[index - 1];
    if (word === "(") {
      const afterTable =
        group.query && ["from", "join", ","].includes(before ?? "") && (before !== "," || group.inFrom);
      const query = QUERY_WORDS.has(words[index + 1] ?? "") || words[index + 1] === "(" || afterTable;
      groups.push({ query, inFrom: false });
      if (afterTable && !QUERY_WORDS.has(words[index + 1] ?? "")) readTable(index + 1);
    } else if (word === ")") {
      if (groups.length > 1) groups.pop();
    } else if (!group.query) {
      continue;
    } else if ((word === "from" && before !== "distinct") || word === "join") {
      group.inFrom = true;
      readTable(index + 1);
    } else if (word === "," && group.inFrom) {
      readTable(index + 1);
    } else if (END_OF_FROM.has(word)) {
      group.inFrom = false;
    }
  }
  return found;
}

function textOf(sql: string, token: SqlToken): string {
  return sql.slice(token.start, token.end);
}

function tableAt(sql: string, tokens: readonly SqlToken[], index: number): TableReference | undefined {
  const parts: string[] = [];
  const first = tokens[index];
  if (!first) return undefined;
  for (let next = index; ; next += 2) {
    const token = tokens[next];
    if (token?.kind !== "word" && token?.kind !== "backquoted") return undefined;
    const text = textOf(sql, token);
    if (parts.length === 0 && token.kind === "word" && NO_TABLE.has(text.toLowerCase())) return undefined;
    parts.push(token.kind === "word" ? text : text.slice(1, -1).replaceAll("``", "`"));
    const after = tokens[next + 1];
    const sign = after ? textOf(sql, after) : "";
    // A function's call, a template or a path in the making: no name that can be looked up.
    if (sign === "(" || ((sign === "$" || sign === "{" || sign === "-") && after?.start === token.end))
      return undefined;
    if (sign !== ".") return { parts, start: first.start, end: token.end };
  }
}

/** Names before `as (`, with or without columns: `with a as (…), b (x) as (…)`. */
function commonTableExpressions(
  sql: string,
  tokens: readonly SqlToken[],
  words: readonly string[],
): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [index, word] of words.entries()) {
    if (word !== "as" || words[index + 1] !== "(") continue;
    let name = index - 1;
    if (words[name] === ")") while (name > 0 && words[name] !== "(") name--;
    const token = tokens[words[index - 1] === ")" ? name - 1 : name];
    if (token) names.add(textOf(sql, token).replaceAll("`", "").toLowerCase());
  }
  return names;
}
