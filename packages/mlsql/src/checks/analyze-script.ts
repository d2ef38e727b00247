import type { Diagnostic } from "../diagnostic.ts";
import type { SourceText } from "../source-text.ts";
import type { Span } from "../span.ts";
import type { LoadStatement, Script, Statement } from "../statement.ts";
import type { CheckContext } from "./check-context.ts";
import { checkAfterSet, checkStatement } from "./check-statement.ts";
import { addLostNames, flatten, type ParsedScripts } from "./flatten.ts";
import type { LaterNames } from "./later-names.ts";
import { createdTable, madeTables } from "./made-names.ts";
import { catalogKey, Scope, type ScriptText } from "./scope.ts";
import { blocksOf, type StatementBlocks } from "./script-blocks.ts";

/** What a look at a whole script has shown. */
export interface ScriptAnalysis {
  /** The mistakes, in the order of the statements; those of an included script where it is included. */
  readonly diagnostics: readonly Diagnostic[];
  /** The code of other languages that train, run, predict and register statements use. */
  readonly blocks: readonly StatementBlocks[];
  /** The statements of the script and of those that it includes, in the order in which they run. */
  readonly statements: readonly Statement[];
}

/**
 * Looks at a whole script before it runs: what it uses and does not make, options, formats, algorithms, commands,
 * includes. Nothing is blamed that might be right: a name that only the run can know is left alone.
 */
export function analyzeScript(script: Script, context: CheckContext): ScriptAnalysis {
  const parsed: ParsedScripts = new Map();
  const later = laterNames(script, context, parsed);
  const scope = new Scope(context);
  addLostNames(script, scope);
  const sources = new Map<string, SourceText>();
  const statements: Statement[] = [];
  const blocks: StatementBlocks[] = [];
  for (const { statement, source } of flatten(script, scope, later, parsed)) {
    sources.set(source.file, source);
    statements.push(statement);
    checkStatement(scope, later, source, statement);
    if (isAlgorithmStatement(statement)) blocks.push(blocksOf(scope, sources, statement));
    carryOut(scope, statement);
    checkAfterSet(scope, statement);
  }
  return { diagnostics: scope.diagnostics, blocks, statements };
}

/** The mistakes of a whole script, found before anything runs; see `analyzeScript`. */
export function checkScript(script: Script, context: CheckContext): readonly Diagnostic[] {
  return analyzeScript(script, context).diagnostics;
}

/** The Python and the environments that a script's statements use; see `analyzeScript`. */
export function scriptBlocks(script: Script, context: CheckContext): readonly StatementBlocks[] {
  return analyzeScript(script, context).blocks;
}

function isAlgorithmStatement(statement: Statement): statement is StatementBlocks["statement"] {
  return ["train", "run", "predict", "register"].includes(statement.kind);
}

function laterNames(script: Script, context: CheckContext, parsed: ParsedScripts): LaterNames {
  const scope = new Scope(context);
  const tables = new Map<string, Span>();
  const variables = new Map<string, Span>();
  for (const { statement } of flatten(script, scope, { tables, variables }, parsed)) {
    carryOut(scope, statement);
    for (const name of madeTables(statement)) addFirst(tables, name.toLowerCase(), statement.span);
    if (statement.kind === "set") addFirst(variables, statement.key.value, statement.span);
  }
  return { tables, variables };
}

function addFirst(places: Map<string, Span>, name: string, span: Span): void {
  if (!places.has(name)) places.set(name, span);
}

/** Does to the scope what a statement does to the session. */
function carryOut(scope: Scope, statement: Statement): void {
  if (statement.kind === "set") scope.applySet(statement);
  for (const name of madeTables(statement)) {
    const script = statement.kind === "load" ? scriptText(scope, statement) : undefined;
    scope.tables.set(name.toLowerCase(), { name, madeBy: statement, ...(script && { script }) });
  }
  if (statement.kind === "save" && statement.source.format.value.toLowerCase() === "hive") {
    const name = scope.valueOf(statement.source.path);
    if (name !== undefined) scope.catalogTables.add(catalogKey(name));
  }
  if (statement.kind === "sql") {
    const created = createdTable(statement);
    if (created !== undefined) scope.catalogTables.add(catalogKey(scope.variables.expand(created)));
    // Another current database means other tables under bare names.
    if (statement.verb === "use") scope.openTables = true;
  }
}

function scriptText(scope: Scope, statement: LoadStatement): ScriptText | undefined {
  if (statement.source.format.value.toLowerCase() !== "script") return undefined;
  const variable = scope.valueOf(statement.source.path);
  const text = variable === undefined ? undefined : scope.texts.get(variable);
  if (variable === undefined || !text || !scope.isKnown(text.value)) return undefined;
  return { variable, text, expansion: scope.variables.expandWithMap(text.value) };
}
