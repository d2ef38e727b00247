import { fields } from "../grpc/fields.ts";
import type { Effect } from "./call-summary.ts";
import { catalogEffect } from "./catalog-effect.ts";
import { type EntryContext, makeChange, makeEntry } from "./make-entry.ts";
import { caseOf, child, messageType, type MessageView, part, parts, text } from "./message-view.ts";
import { planFacts, wordsIn } from "./plan-facts.ts";
import { statementEffect } from "./sql-statement.ts";
import type { StatementEffect } from "./statement-effect.ts";

/** What a plan does, and its SQL text if it is one. */
export interface PlanEffect {
  readonly effect: Effect;
  readonly statement: string | undefined;
}

const SEVERAL_PIN = "a plan with several commands in it may have changed the session";

/** What computing a relation does: nothing, unless there is a SQL command or a call of the catalogue in it. */
export function relationEffect(relation: MessageView, context: EntryContext): PlanEffect {
  const { statements, catalogs, extensions } = planFacts(relation);
  const texts = statements.map((view) => ({ view, sql: text(view, "query") }));
  const statement = texts.length === 1 ? texts[0]?.sql : undefined;
  const found: { readonly effect: StatementEffect; readonly query: Buffer | undefined }[] = [
    ...texts.map(({ view, sql }) => ({
      effect: statementEffect(sql, stringParameters(view)),
      query: part(view, "query")?.value,
    })),
    ...catalogs.map((view) => ({ effect: catalogEffect(view), query: view.bytes })),
  ].filter(({ effect }) => effect.type !== "read");
  const [only, second] = found;
  if (second !== undefined) return { effect: writeOnly(SEVERAL_PIN), statement };
  if (only === undefined) return { effect: extensions > 0 ? writeOnly() : { type: "read" }, statement };
  return { effect: toEffect(only.effect, context, relation, only.query), statement };
}

/** The strings among a statement's parameters, by name, or by place from 0 on. */
function stringParameters(statement: MessageView): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let place = 0;
  for (const { field, value } of parts(statement)) {
    const type =
      messageType(field) ??
      (field.fieldKind === "map" && field.mapKind === "message" ? field.message : undefined);
    if (type === undefined || value === undefined) continue;
    if (field.fieldKind === "map") {
      const [key, held] = [...fields(value)].map((entry) => entry.value);
      const string = held === undefined ? undefined : literalString({ type, bytes: held });
      if (key !== undefined && string !== undefined) found.set(key.toString("utf8"), string);
    } else {
      const string = literalString({ type, bytes: value });
      if (string !== undefined) found.set(String(place), string);
      place += 1;
    }
  }
  return found;
}

/** A string that stands as a literal, or as an expression that is nothing else. */
function literalString(argument: MessageView): string | undefined {
  const literal =
    argument.type.typeName === "spark.connect.Expression" ? child(argument, "literal") : argument;
  const value = literal === undefined ? undefined : caseOf(literal, "literal_type");
  return value?.field.name === "string" ? value.value?.toString("utf8") : undefined;
}

function toEffect(
  effect: StatementEffect,
  context: EntryContext,
  relation: MessageView,
  query: Buffer | undefined,
): Effect {
  if (effect.type === "read") return effect;
  // Parameters of the statement, and tables that it is given.
  const words = wordsIn(relation, query);
  const entries = effect.entries.map((entry) => makeEntry(entry, context, words));
  const tables = effect.tables.map((change) => makeChange(change, context, words));
  if (effect.type === "write") return { type: "write", entries, tables, pin: effect.pin };
  if (effect.pin !== undefined) return { type: "write", entries, tables, pin: effect.pin };
  return { type: "session", entries, tables };
}

function writeOnly(pin?: string): Effect {
  return { type: "write", entries: [], tables: [], pin };
}
