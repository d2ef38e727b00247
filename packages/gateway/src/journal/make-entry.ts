import type { TableChange } from "./call-summary.ts";
import type { EntryMethod, JournalEntry } from "./journal-entry.ts";
import { joinWords } from "./names.ts";
import { sqlRequest } from "./sql-request.ts";
import type { StatementChange, StatementEntry } from "./statement-effect.ts";

/** The call that an entry is made of. */
export interface EntryContext {
  readonly method: EntryMethod;
  readonly message: Buffer;
}

/** An entry for a statement or command; `words` are those of its plan beside its own text. */
export function makeEntry(
  { text, ...entry }: StatementEntry,
  context: EntryContext,
  words: readonly string[] = [],
): JournalEntry {
  const uses = entry.removes ? entry.uses : joinWords(entry.uses, words);
  // A text of our own has no parameters and no tables of the request.
  if (text !== undefined && words.length === 0) {
    return { ...entry, uses, method: "ExecutePlan", messages: [sqlRequest(text)] };
  }
  return { ...entry, uses, method: context.method, messages: [context.message] };
}

/** The changes of a statement with whole entries. */
export function makeChange(
  change: StatementChange,
  context: EntryContext,
  words: readonly string[] = [],
): TableChange {
  return "entry" in change ? { ...change, entry: makeEntry(change.entry, context, words) } : change;
}
