import type { Source, Statement } from "./statement.ts";

const WIDTH = 80;

/**
 * One line that tells a person what a statement does, at most 80 columns: `select a from t → data`. `expand` puts
 * the variables in; without it they stay as written.
 */
export function statementTitle(
  statement: Statement,
  expand: (text: string) => string = (text) => text,
): string {
  const title = expand(titleOf(statement, expand)).replace(/\s+/g, " ").trim();
  return title.length <= WIDTH ? title : `${title.slice(0, WIDTH - 1)}…`;
}

function titleOf(statement: Statement, expand: (text: string) => string): string {
  switch (statement.kind) {
    case "set":
      return `set ${statement.key.value}`;
    case "load":
      return `load ${place(statement.source)} → ${statement.output.value}`;
    case "select":
      return withEnd(expand(statement.sql.value), ` → ${statement.output.value}`);
    case "save":
      return `save ${statement.input.value} → ${place(statement.source)}`;
    case "train":
    case "run":
    case "predict": {
      const { kind, input, source, output } = statement;
      const target = [source.path.value, output?.value ?? ""].filter((name) => name !== "").join(" → ");
      return `${kind} ${input.value} as ${source.format.value}${target ? ` → ${target}` : ""}`;
    }
    case "register":
      return `register ${place(statement.source)} → ${statement.function.value}`;
    case "include":
      return `include ${place(statement.source)}`;
    case "connect":
      return `connect ${statement.format.value} → ${statement.name.value}`;
    case "sql":
      return withoutComments(statement.sql.value);
    case "command":
      return `!${[statement.name.value, ...statement.arguments.map(({ value }) => value)].join(" ")}`;
  }
}

function place({ format, path }: Source): string {
  return `${format.value} ${path.value}`.trim();
}

function withoutComments(sql: string): string {
  return sql
    .replace(/--[^\r\n]*|\/\*(?!\+)[\s\S]*?\*\//g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

/** Cuts the SQL so that what it makes is still seen. */
function withEnd(sql: string, end: string): string {
  const line = withoutComments(sql);
  const room = Math.max(10, WIDTH - end.length);
  return (line.length <= room ? line : `${line.slice(0, room - 1)}…`) + end;
}
