import { READ, type StatementEffect, type StatementEntry, write } from "./statement-effect.ts";
import type { StatementReader } from "./statement-reader.ts";

const UNKNOWN_PIN = "a statement run by EXECUTE IMMEDIATE may have changed the session";

/** Words behind which a statement of a script begins. */
const BEFORE_STATEMENT = new Set(["begin", "then", "else", "do", "loop", "repeat", ";", ":", "atomic"]);

/** Words with which statements begin that may change a session. */
const CHANGES = new Set(["use", "reset", "cache", "uncache", "clear", "add", "execute"]);

/**
 * Whether a script of several statements may change its session: a setting, view, function or variable that is not its
 * own. In doubt it may.
 */
export function mayChangeSession(reader: StatementReader): boolean {
  const tokens = reader.tokens();
  const word = (index: number) => (tokens[index]?.kind === "string" ? undefined : tokens[index]?.text);
  const own = new Set<string>();
  for (const [index, token] of tokens.entries()) {
    if (token.kind === "symbol" && token.text === "$") return true;
    if (index > 0 && !BEFORE_STATEMENT.has(word(index - 1) ?? "")) continue;
    if (token.text === "declare") own.add((word(index + 1) ?? "").toLowerCase());
    else if (CHANGES.has(token.text)) return true;
    else if (token.text === "set" && !own.has((word(index + 1) ?? "").toLowerCase())) return true;
    else if (["create", "alter", "drop"].includes(token.text)) {
      const head = tokens.slice(index, index + 6).map((_, ahead) => word(index + ahead));
      if (head.some((part) => ["temp", "temporary", "view", "variable"].includes(part ?? ""))) return true;
    }
  }
  return false;
}

/**
 * `EXECUTE IMMEDIATE 'text' [INTO variables] [USING …]`: what the text does, where it is a literal; else it may be
 * anything.
 */
export function executeImmediate(
  reader: StatementReader,
  effectOf: (sql: string) => StatementEffect,
): StatementEffect {
  reader.take("execute", "immediate");
  const token = reader.peek();
  reader.at += 1;
  const next = reader.word();
  if (token?.kind !== "string" || (next !== undefined && !["into", "using", ";"].includes(next))) {
    return write([], [], UNKNOWN_PIN);
  }
  const inner = effectOf(token.text);
  const targets = reader.take("into") ? names(reader) : [];
  if (inner.type === "read") {
    if (targets.length === 0) return READ;
    if (targets.includes(undefined)) return write([], [], UNKNOWN_PIN);
    const tables = targets.map((name) => ({
      object: "variable" as const,
      name: name ?? [],
      declared: false,
    }));
    return { type: "session", entries: [], tables, pin: undefined };
  }
  // With USING, names within the text may be parameters.
  if (reader.word() === "using" && (inner.entries.length > 0 || inner.tables.length > 0)) {
    return write(
      inner.tables.filter(({ object }) => object === "table"),
      [],
      UNKNOWN_PIN,
    );
  }
  const again = (entry: StatementEntry) => ({ ...entry, text: entry.text ?? token.text });
  const entries = inner.entries.map(again);
  const tables = inner.tables.map((change) =>
    "entry" in change ? { ...change, entry: again(change.entry) } : change,
  );
  return { ...inner, entries, tables };
}

/** Names with commas between them. */
export function names(reader: StatementReader): (readonly string[] | undefined)[] {
  const found = [reader.name()];
  while (reader.take(",")) found.push(reader.name());
  return found;
}
