import { wordsOf } from "./names.ts";
import { names } from "./sql-script.ts";
import {
  defines,
  lastPartKey,
  READ,
  removes,
  session,
  type StatementChange,
  type StatementEffect,
  type StatementEntry,
} from "./statement-effect.ts";
import type { SqlToken } from "./sql-tokens.ts";
import type { StatementReader } from "./statement-reader.ts";

/** Both the current catalogue and the current database: another catalogue begins with its own default. */
const CATALOG_AND_DATABASE = ["catalog:catalog", "catalog:database"];

/** `SET …`: settings, time zone, catalogue, path, session variables; without a value it reads. */
export function setStatement(reader: StatementReader): StatementEffect {
  reader.take("set");
  const isKey = ["=", "."].includes(reader.word(1) ?? "");
  if (reader.word() === "time" && reader.word(1) === "zone") {
    return session([defines("config", ["config:spark.sql.session.timeZone"])]);
  }
  if (!isKey && reader.take("catalog")) return session([defines("catalog", CATALOG_AND_DATABASE)]);
  if (!isKey && reader.takeOne("var", "variable") !== undefined) return setVariables(reader);
  if (reader.word() === "path" && reader.word(1) === "=") return setPath(reader);
  const key = settingKey(reader);
  return key === undefined ? READ : session([defines("config", [key])]);
}

/** `SET PATH = …`: it may begin with the path of before, or name the current database. */
function setPath(reader: StatementReader): StatementEffect {
  const rest = wordsOf(reader.rest());
  const uses = [...rest.filter((word) => word !== "path"), "catalog:catalog", "catalog:database"];
  return session([
    defines("catalog", ["catalog:path"], rest.includes("current_path") ? [...uses, "catalog:path"] : uses),
  ]);
}

/** `RESET` takes all settings of the session back, `RESET key` one. */
export function resetStatement(reader: StatementReader): StatementEffect {
  reader.take("reset");
  const name = reader.rest().replace(/[;\s]+$/u, "");
  return session([removes("config", [name === "" ? "config:*" : `config:${unquoted(name)}`])]);
}

/** `USE NAMESPACE | DATABASE | SCHEMA name` chooses a database, `USE name` either that or a catalogue. */
export function useStatement(reader: StatementReader): StatementEffect {
  reader.take("use");
  const isName = reader.peek(1) === undefined || ["=", ".", ";"].includes(reader.word(1) ?? "");
  if (!isName && reader.takeOne("namespace", "database", "schema") !== undefined) {
    return session([defines("catalog", ["catalog:database"], ["catalog:catalog"])]);
  }
  if (!isName && reader.take("catalog")) return session([defines("catalog", CATALOG_AND_DATABASE)]);
  return session([], [{ object: "current" }]);
}

/** `DECLARE [OR REPLACE] [VARIABLE] names [type] [DEFAULT | = value]` */
export function declareStatement(reader: StatementReader): StatementEffect {
  reader.take("declare");
  reader.take("or", "replace");
  if (!["=", "."].includes(reader.word(1) ?? "")) reader.takeOne("var", "variable");
  const declared = names(reader);
  const tokens = reader.tokens();
  const isDefault = ({ kind, text }: SqlToken) => kind === "word" && text === "default";
  const value = tokens.slice(tokens.findIndex(isDefault) + 1);
  if (isPlain(value)) {
    return session([defines("variable", variableKeys(declared), wordsOf(reader.rest()))]);
  }
  return asked(declared, true);
}

/** `SET VARIABLE a = value, b = value` or `SET VARIABLE (a, b) = (query)` */
function setVariables(reader: StatementReader): StatementEffect {
  const uses = (targets: readonly (readonly string[] | undefined)[], words: readonly string[]) => [
    ...targets.flatMap((name) => lastPartKey("variable", name) ?? []),
    ...words,
  ];
  if (reader.take("(")) {
    const targets = names(reader);
    reader.take(")", "=");
    return isPlain(reader.tokens())
      ? session([setEntry(targets, uses(targets, wordsOf(reader.rest())))])
      : asked(targets, false);
  }
  const targets: (readonly string[] | undefined)[] = [];
  const values: string[] = [];
  const plain: boolean[] = [];
  do {
    targets.push(reader.name());
    if (!reader.take("=")) return asked([undefined], false);
    const start = reader.at;
    skipExpression(reader);
    const value = reader.tokens(start, reader.at);
    values.push(...value.map(({ text }) => text));
    plain.push(isPlain(value));
  } while (reader.take(","));
  if (plain.includes(false)) return asked(targets, false);
  return session([setEntry(targets, uses(targets, wordsOf(...values)))]);
}

function setEntry(
  targets: readonly (readonly string[] | undefined)[],
  uses: readonly string[],
): StatementEntry {
  return defines(
    "variable",
    targets.map((name) => lastPartKey("value", name)),
    uses,
  );
}

/** Values that only the driver can tell once it has computed them. */
function asked(targets: readonly (readonly string[] | undefined)[], declared: boolean): StatementEffect {
  const tables = targets.flatMap((name): StatementChange[] =>
    name === undefined ? [] : [{ object: "variable", name, declared }],
  );
  if (tables.length === targets.length) return session([], tables);
  return {
    type: "session",
    entries: [],
    tables: [],
    pin: "a session variable has a value that cannot be asked for",
  };
}

/** The keys of what `DECLARE` makes: the variables and their values. */
export function variableKeys(declared: readonly (readonly string[] | undefined)[]): (string | undefined)[] {
  return declared.flatMap((name) => [lastPartKey("variable", name), lastPartKey("value", name)]);
}

/** Functions of which each run gives the same, as far as they occur in values of variables. */
const PURE = new Set(
  [
    "cast array map struct named_struct decimal varchar char string int bigint double float date timestamp",
    "make_date make_timestamp concat upper lower abs",
  ].flatMap((line) => line.split(" ")),
);

/** Words that stand for something that differs from run to run, or for a query. */
const CHANGING =
  /^(?:select|from|with|table|values|default|current_\w+|localtime\w*|now|user|session_user|curdate)$/u;

/** Whether an expression gives the same value whenever it is computed. */
function isPlain(tokens: readonly SqlToken[]): boolean {
  return tokens.every(({ kind, text }, index) => {
    if (kind !== "word") return text !== "$" || kind === "string";
    if (tokens[index + 1]?.text === "(" && tokens[index + 1]?.kind === "symbol") return PURE.has(text);
    return !CHANGING.test(text);
  });
}

/** Up to the next comma that is in no parentheses. */
function skipExpression(reader: StatementReader): void {
  while (reader.peek() !== undefined && reader.word() !== ",") {
    if (reader.word() === "(") reader.skipGroup();
    else reader.at += 1;
  }
}

/** The key of `key = value`; undefined where there is no value. */
function settingKey(reader: StatementReader): string | undefined {
  const rest = reader.rest();
  const equals = reader.tokens().find(({ kind, text }) => kind === "symbol" && text === "=");
  const start = reader.peek()?.start ?? 0;
  if (equals === undefined) return undefined;
  return `config:${unquoted(rest.slice(0, equals.start - start).trim())}`;
}

function unquoted(key: string): string {
  return /^`[^`]*`$/u.test(key) ? key.slice(1, -1) : key;
}
