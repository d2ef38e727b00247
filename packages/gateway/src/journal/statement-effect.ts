import type { TableChange } from "./call-summary.ts";
import type { EntryKind } from "./journal-entry.ts";
import { joinName, joinWords } from "./names.ts";

/** An entry of the journal as a statement makes it: the statement again, or another text in its place. */
export interface StatementEntry {
  readonly kind: EntryKind;
  readonly defines: readonly string[];
  readonly removes: boolean;
  readonly uses: readonly string[];
  /** What is to be run instead, so that running it again does nothing more than to bring the change about. */
  readonly text?: string;
}

/** As {@link TableChange}, with entries as statements make them. */
export type StatementChange =
  | Exclude<TableChange, { entry: unknown }>
  | { readonly object: "definition" | "temporary view"; readonly entry: StatementEntry };

/** What a SQL statement does beyond its answer. */
export type StatementEffect =
  | { readonly type: "read" }
  | {
      readonly type: "session" | "write";
      readonly entries: readonly StatementEntry[];
      readonly tables: readonly StatementChange[];
      readonly pin: string | undefined;
    };

/** A statement that changes nothing. */
export const READ: StatementEffect = { type: "read" };

/** A statement with effects beyond its session. */
export function write(
  tables: readonly StatementChange[] = [],
  entries: readonly StatementEntry[] = [],
  pin?: string,
): StatementEffect {
  return { type: "write", entries, tables, pin };
}

/** A statement that changes its session alone. */
export function session(
  entries: readonly StatementEntry[],
  tables: readonly StatementChange[] = [],
): StatementEffect {
  return { type: "session", entries, tables, pin: undefined };
}

/** What makes something under these keys. A key that cannot be told is undefined: then it may be anything. */
export function defines(
  kind: EntryKind,
  keys: readonly (string | undefined)[],
  uses: readonly string[] = [],
  text?: string,
): StatementEntry {
  return {
    kind,
    defines: keys.filter((key) => key !== undefined),
    removes: false,
    uses: keys.includes(undefined) ? ["*"] : joinWords(uses),
    ...(text === undefined ? {} : { text }),
  };
}

/** What takes away what is under a key. */
export function removes(kind: EntryKind, keys: readonly (string | undefined)[]): StatementEntry {
  // What cannot be told must stay, whatever it was, and everything before it.
  if (keys.includes(undefined)) return defines(kind, keys);
  return { ...defines(kind, keys), removes: true };
}

/** The key of a temporary view, if a name can be that of one. */
export function viewKey(name: readonly string[] | undefined): string | undefined {
  const [first, second, third] = name ?? [];
  if (first === undefined || third !== undefined) return undefined;
  if (second === undefined) return `view:${joinName([first])}`;
  return first.toLowerCase() === "global_temp" ? `global-view:${joinName([second])}` : undefined;
}

/** The key of what has only its last part as its name: temporary functions, session variables. */
export function lastPartKey(prefix: string, name: readonly string[] | undefined): string | undefined {
  const last = name?.at(-1);
  return last === undefined ? undefined : `${prefix}:${joinName([last])}`;
}

/** The key of something in a catalogue. */
export function catalogKey(prefix: string, name: readonly string[] | undefined): string | undefined {
  return name === undefined ? undefined : `${prefix}:${joinName(name)}`;
}
