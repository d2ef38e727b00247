import { type ParseResult, parseScript } from "../parse-script.ts";
import { SourceText } from "../source-text.ts";
import type { IncludeStatement, Script, Statement } from "../statement.ts";
import { checkPath } from "./check-variables.ts";
import type { LaterNames } from "./later-names.ts";
import type { Scope } from "./scope.ts";

/** A statement of the script, or of one that it includes, in the order in which they run. */
export interface FlatStatement {
  readonly statement: Statement;
  readonly source: SourceText;
}

/** Parsed scripts by file, so that one that is included often is parsed once. */
export type ParsedScripts = Map<string, ParseResult>;

/**
 * Yields a script's statements with every include replaced by the statements that it names. Reports includes
 * that are not there, that form a ring, or that do not parse. `scope` has the variables of the moment, since the
 * path of an include may have some: carry out each statement before taking the next.
 */
export function* flatten(
  script: Script,
  scope: Scope,
  later: LaterNames,
  parsed: ParsedScripts,
  path: readonly string[] = [],
): Generator<FlatStatement> {
  const source = new SourceText(script.file, script.text);
  for (const statement of script.statements) {
    yield { statement, source };
    if (statement.kind !== "include") continue;
    const included = readInclude(statement, source, scope, later, parsed, [...path, script.file]);
    if (included) yield* flatten(included, scope, later, parsed, [...path, script.file]);
  }
}

function readInclude(
  statement: IncludeStatement,
  source: SourceText,
  scope: Scope,
  later: LaterNames,
  parsed: ParsedScripts,
  path: readonly string[],
): Script | undefined {
  const { format, path: written } = statement.source;
  checkPath(scope, later, source, written);
  const name = scope.valueOf(written);
  if (name === undefined || !scope.context.readInclude) {
    scope.open = true;
    return undefined;
  }
  const found = scope.context.readInclude(format.value, name, statement.span.file);
  if (!found) {
    scope.error("include-not-found", `there is no script at ${name}`, written.span);
    scope.open = true;
    return undefined;
  }
  if (path.includes(found.file)) {
    const ring = [...path.slice(path.indexOf(found.file)), found.file].join(" → ");
    scope.error("include-ring", `this include leads back to itself: ${ring}`, statement.span);
    return undefined;
  }
  const known = parsed.get(found.file);
  const result = known?.script.text === found.text ? known : parseScript(found.text, found.file);
  parsed.set(found.file, result);
  const { script, diagnostics } = result;
  for (const diagnostic of diagnostics) scope.report(diagnostic);
  addLostNames(script, scope);
  return script;
}

/** Statements that did not parse may have made what later ones use. */
export function addLostNames(script: Script, scope: Scope): void {
  for (const { kind, name } of script.lostNames ?? []) {
    if (kind === "variable") scope.dynamic.add(name.value);
    else scope.givenTables.add(name.value.toLowerCase());
  }
}
