import type { Effect } from "./call-summary.ts";
import { catalogEffect } from "./catalog-effect.ts";
import { type EntryContext, makeChange, makeEntry } from "./make-entry.ts";
import { type MessageView, part, text } from "./message-view.ts";
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
    ...texts.map(({ view, sql }) => ({ effect: statementEffect(sql), query: part(view, "query")?.value })),
    ...catalogs.map((view) => ({ effect: catalogEffect(view), query: view.bytes })),
  ].filter(({ effect }) => effect.type !== "read");
  const [only, second] = found;
  if (second !== undefined) return { effect: writeOnly(SEVERAL_PIN), statement };
  if (only === undefined) return { effect: extensions > 0 ? writeOnly() : { type: "read" }, statement };
  return { effect: toEffect(only.effect, context, relation, only.query), statement };
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
