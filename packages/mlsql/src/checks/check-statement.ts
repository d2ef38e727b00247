import type { SourceText } from "../source-text.ts";
import type {
  AlgorithmStatement,
  LoadStatement,
  RegisterStatement,
  SaveStatement,
  Statement,
  Text,
} from "../statement.ts";
import { suggestName } from "../suggest.ts";
import { checkCommand } from "./check-command.ts";
import { checkOptions } from "./check-options.ts";
import { checkCatalogTable, checkQuery, checkTable } from "./check-tables.ts";
import { checkPath, checkRing, checkVariableName, warnOfMisspelled } from "./check-variables.ts";
import type { FormatDescription, OptionDescription } from "./descriptions.ts";
import type { LaterNames } from "./later-names.ts";
import { type Scope, setType } from "./scope.ts";

const SET_OPTIONS: readonly OptionDescription[] = [
  { name: "type", type: "text", values: ["text", "sql", "conf", "shell", "defaultParam"] },
  { name: "mode", type: "text", values: ["compile", "runtime"] },
  { name: "scope", type: "text", values: ["request", "session"] },
  { name: "visible", type: "text" },
];

/** Checks one statement against what the statements before it have made. */
export function checkStatement(
  scope: Scope,
  later: LaterNames,
  source: SourceText,
  statement: Statement,
): void {
  switch (statement.kind) {
    case "set": {
      const rules = { owner: "set", options: SET_OPTIONS, open: false, span: statement.key.span };
      checkOptions(scope, later, source, statement.options, rules);
      if (setType(statement) === "sql") checkQuery(scope, later, source, statement.value);
      return;
    }
    case "load":
      checkFormat(scope, later, source, statement);
      return;
    case "select":
      warnOfMisspelled(scope, source, statement.sql);
      checkQuery(scope, later, source, statement.sql);
      return;
    case "save":
      checkTable(scope, later, statement.input.value, statement.input.span);
      checkFormat(scope, later, source, statement);
      return;
    case "train":
    case "run":
    case "predict":
      checkTable(scope, later, statement.input.value, statement.input.span);
      checkAlgorithm(scope, later, source, statement);
      return;
    case "register":
      checkAlgorithm(scope, later, source, statement);
      return;
    case "connect":
      for (const option of statement.options) warnOfMisspelled(scope, source, option.value);
      return;
    case "sql":
      warnOfMisspelled(scope, source, statement.sql);
      if (/^(?:create|insert|cache)$/.test(statement.verb))
        checkEmbeddedQuery(scope, later, source, statement.sql);
      return;
    case "command":
      for (const argument of statement.arguments) warnOfMisspelled(scope, source, argument);
      checkCommand(scope, later, statement);
      return;
    case "include":
      // The walk over the statements reports includes, since it has to read them.
      return;
  }
}

/** Checks a `set` once it has been carried out. */
export function checkAfterSet(scope: Scope, statement: Statement): void {
  if (statement.kind === "set") checkRing(scope, statement);
}

/** The query inside `create … as select …` and `insert into … select …`. */
function checkEmbeddedQuery(scope: Scope, later: LaterNames, source: SourceText, sql: Text): void {
  const start = sql.value.search(/\b(?:select|with)\b/i);
  if (start < 0) return;
  const span = source.span(sql.span.start.offset + start, sql.span.end.offset);
  checkQuery(scope, later, source, { form: sql.form, value: sql.value.slice(start), span });
}

function checkFormat(
  scope: Scope,
  later: LaterNames,
  source: SourceText,
  statement: LoadStatement | SaveStatement,
): void {
  const { format, path } = statement.source;
  checkPath(scope, later, source, path);
  const formats = scope.context.formats;
  const usable = formats.filter((candidate) => candidate[statement.kind]);
  const found = formats.find(({ name }) => name.toLowerCase() === format.value.toLowerCase());
  if (!found) {
    const near = suggestName(
      format.value,
      usable.map(({ name }) => name),
    );
    const message = `no format is called ${format.value}`;
    const help =
      near === undefined ? undefined : { suggestion: `Did you mean \`${near}\`?`, replacement: near };
    if (scope.context.otherFormats !== true) {
      const known = usable.map(({ name }) => name).join(", ");
      scope.error(
        "unknown-format",
        message,
        format.span,
        help ?? { suggestion: `The formats are ${known}.` },
      );
    } else if (help) {
      scope.warn(
        "unknown-format",
        `${message}, so Spark is asked for a data source of that name`,
        format.span,
        help,
      );
    }
    for (const option of statement.options) warnOfMisspelled(scope, source, option.value);
    return;
  }
  if (!found[statement.kind]) {
    scope.error("wrong-format", `${found.name} cannot be used by ${statement.kind}`, format.span);
  } else if (found.lacking) {
    const { message, suggestion } = found.lacking;
    scope.error("lacking-format", message, format.span, suggestion === undefined ? {} : { suggestion });
  }
  checkFormatPath(scope, later, statement, found);
  const open = found.openOptions ?? false;
  const rules = { owner: `the format ${found.name}`, options: found.options, open, span: format.span };
  checkOptions(scope, later, source, statement.options, rules);
}

function checkFormatPath(
  scope: Scope,
  later: LaterNames,
  statement: LoadStatement | SaveStatement,
  format: FormatDescription,
): void {
  const { path } = statement.source;
  const value = scope.valueOf(path);
  if (value === undefined) return;
  if (format.path === "variable" && statement.kind === "load") checkVariableName(scope, later, path);
  if (format.path === "catalog-table" && statement.kind === "load" && value !== "")
    checkCatalogTable(scope, value, path.span);
  if (value.trim() === "" && (format.path === "files" || format.path === "catalog-table")) {
    scope.error("missing-path", `${format.name} needs a path`, statement.source.format.span);
  }
}

function checkAlgorithm(
  scope: Scope,
  later: LaterNames,
  source: SourceText,
  statement: AlgorithmStatement | RegisterStatement,
): void {
  const { format, path } = statement.source;
  checkPath(scope, later, source, path);
  const algorithms = scope.context.algorithms;
  const algorithm = algorithms.find(({ name }) => name === format.value);
  if (!algorithm) {
    const known = algorithms
      .filter(({ statements }) => statements.includes(statement.kind))
      .map(({ name }) => name);
    const near = suggestName(format.value, known);
    scope.error("unknown-algorithm", `no algorithm is called ${format.value}`, format.span, {
      suggestion: near ? `Did you mean \`${near}\`?` : `${statement.kind} knows ${known.join(", ")}.`,
      ...(near && { replacement: near }),
    });
    return;
  }
  if (!algorithm.statements.includes(statement.kind)) {
    const uses = algorithm.statements.join(", ");
    scope.error("wrong-algorithm-use", `${algorithm.name} cannot be used by ${statement.kind}`, format.span, {
      suggestion: `It can be used by ${uses}.`,
    });
    return;
  }
  if (algorithm.needsPath === true && path.value.trim() === "") {
    scope.error("missing-path", `${algorithm.name} needs a path`, format.span);
  }
  const options = algorithm.options.filter(({ statements }) => statements?.includes(statement.kind) ?? true);
  const owner = `${algorithm.name} in a ${statement.kind} statement`;
  const rules = { owner, options, open: algorithm.openOptions ?? false, span: format.span };
  checkOptions(scope, later, source, statement.options, rules);
}
