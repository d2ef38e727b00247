import type { Diagnostic } from "../diagnostic.ts";
import type { Expansion } from "../expansion.ts";
import type { Span } from "../span.ts";
import type { SetStatement, Statement, Text } from "../statement.ts";
import { Variables } from "../variables.ts";
import type { CheckContext } from "./check-context.ts";

/** A text of the script that `load script` has made a table of, as it was at that moment. */
export interface ScriptText {
  readonly variable: string;
  readonly text: Text;
  /** The text with its variables put in, and the way back to the script's own lines. */
  readonly expansion: Expansion;
}

/** A table that a statement has made. */
export interface KnownTable {
  readonly name: string;
  readonly madeBy: Statement;
  /** Absent where the table is not a script, or where its text is only known when the script runs. */
  readonly script?: ScriptText;
}

/** How a name of the catalogue is compared: without case and quotes, the database `default` left out. */
export function catalogKey(name: string): string {
  return name
    .replaceAll("`", "")
    .replace(/\s*\.\s*/g, ".")
    .toLowerCase()
    .replace(/^default\./, "");
}

/** What is known at one statement of a script: variables, tables, and the mistakes found so far. */
export class Scope {
  readonly context: CheckContext;
  readonly variables: Variables;
  /** Variables whose values are only known when the script runs: results of SQL, of a shell, of a broken `set`. */
  readonly dynamic = new Set<string>();
  readonly tables = new Map<string, KnownTable>();
  /** Tables that exist by no statement's doing, or were blamed once already. */
  readonly givenTables = new Set<string>(["command"]);
  /** Tables of the catalogue that the script makes. */
  readonly catalogTables = new Set<string>();
  /** Unknown variables that were blamed once already. */
  readonly blamedVariables = new Set<string>();
  /** Where each variable was last given a text that stands in the script. */
  readonly texts = new Map<string, Text>();
  /** True once something may have been made that cannot be known: nothing is blamed for being unknown then. */
  open = false;
  /** As `open`, for tables alone. */
  openTables = false;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #seen = new Set<string>();

  constructor(context: CheckContext) {
    this.context = context;
    this.variables = new Variables(context.variables ?? {}, context.now ? { now: context.now } : {});
    for (const table of context.tables ?? []) this.givenTables.add(table.toLowerCase());
  }

  /** The mistakes in the order in which they were found. */
  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  /** Records a mistake once: the same one at the same place, as in a script included twice, counts once. */
  report(diagnostic: Diagnostic): void {
    const { code, message, span } = diagnostic;
    const key = `${code} ${span.file} ${span.start.offset} ${message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#diagnostics.push(diagnostic);
  }

  /** Records an error. */
  error(
    code: string,
    message: string,
    span: Span,
    help: Pick<Diagnostic, "suggestion" | "replacement"> = {},
  ): void {
    this.report({ code, severity: "error", message, span, ...help });
  }

  /** Records a warning. */
  warn(
    code: string,
    message: string,
    span: Span,
    help: Pick<Diagnostic, "suggestion" | "replacement"> = {},
  ): void {
    this.report({ code, severity: "warning", message, span, ...help });
  }

  /** A text with its variables put in; undefined where a variable's value is not known before the run. */
  valueOf(text: Text): string | undefined {
    return this.isKnown(text.value) ? this.variables.expand(text.value) : undefined;
  }

  /** Whether every variable that a text leads to has a value now. */
  isKnown(text: string): boolean {
    return this.variables.unresolved(text).length === 0;
  }

  /** The variables in a text that nothing has set so far. */
  unknownVariables(text: string): readonly string[] {
    if (this.open) return [];
    return this.variables
      .unresolved(text)
      .filter((name) => !this.dynamic.has(name) && !this.blamedVariables.has(name));
  }

  /** Whether a name is that of a variable now, be its value known or not. */
  hasVariable(name: string): boolean {
    return this.variables.has(name) || this.dynamic.has(name);
  }

  /** Carries out a `set` as far as it can be before the run. */
  applySet(statement: SetStatement): void {
    const name = statement.key.value;
    const type = setType(statement);
    if (type === "conf") return;
    if (type === "sql" || type === "shell") {
      this.variables.unset(name);
      this.texts.delete(name);
      this.dynamic.add(name);
      return;
    }
    if (type === "defaultparam" && this.hasVariable(name)) return;
    this.dynamic.delete(name);
    this.variables.set(name, statement.value.value);
    this.texts.set(name, statement.value);
  }
}

/** The `type` of a `set` in lower case; `text` where it is not given. */
export function setType(statement: SetStatement): string {
  return statement.options.find(({ key }) => key === "type")?.value.value.toLowerCase() ?? "text";
}
