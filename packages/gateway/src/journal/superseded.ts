import type { EntryHead, EntryKind } from "./journal-entry.ts";
import { wordsOf } from "./names.ts";

/** What superseding needs to know of an entry. */
type Head = Omit<EntryHead, "sequence" | "size">;

/**
 * The sequence numbers of the entries that need not be made again once `next` is in the journal, in order: something
 * later defines all that they define, and nothing up to there mentions it. What takes away goes when nothing is left
 * that it takes away. One entry that goes can set others free.
 */
export function superseded(
  heads: readonly EntryHead[],
  next: Omit<EntryHead, "sequence">,
): readonly number[] {
  const journal = new Journal([...heads, next]);
  for (let changed = journal.isTouchedByLast(); changed;) changed = journal.takeOutOnce();
  return heads.filter((_, index) => !journal.has(index)).map(({ sequence }) => sequence);
}

/**
 * Whether an entry changes nothing in a session that has this journal, so that it need not be kept. What it supersedes
 * is to be taken out all the same.
 */
export function isRedundant(heads: readonly EntryHead[], next: Omit<EntryHead, "sequence">): boolean {
  if (next.removes) {
    const gone = new Set(superseded(heads, next));
    return !heads.some((head) => !gone.has(head.sequence) && takesAway(next, head));
  }
  return (
    next.defines.some(
      (define) =>
        (define.startsWith(IF_PRESENT) && !isPresent(heads, define)) ||
        (define.startsWith(IF_ABSENT) && isPresent(heads, define)),
    ) ||
    (next.kind === "artifact" &&
      next.defines.length > 0 &&
      next.defines.every((key) => isPresent(heads, key)))
  );
}

const IF_PRESENT = "if-present ";
const IF_ABSENT = "if-absent ";

/** Kinds whose entries are understood by the settings and by the current catalogue and database of their time. */
const OF_THEIR_TIME: ReadonlySet<EntryKind> = new Set(["view", "function", "table", "variable", "persist"]);

/** A journal from which entries are taken out. */
class Journal {
  readonly #entries: (Head | undefined)[];
  /** Where a key is defined last. */
  readonly #last = new Map<string, number>();
  /** Keys, lower case, that stand there in several spellings: whether they mean the same depends on a setting. */
  readonly #ambiguous = new Set<string>();

  constructor(entries: readonly Head[]) {
    this.#entries = [...entries];
    const spelling = new Map<string, string>();
    for (const [index, { defines }] of entries.entries()) {
      for (const key of defines.map(plainKey)) {
        this.#last.set(key, index);
        if (key.startsWith("config:")) continue;
        const same = key.toLowerCase();
        const known = spelling.get(same);
        if (known !== undefined && known !== key) this.#ambiguous.add(same);
        spelling.set(same, key);
      }
    }
  }

  has(index: number): boolean {
    return this.#entries[index] !== undefined;
  }

  /** Whether the last entry defines anything that an earlier one has defined: else nothing can have been set free. */
  isTouchedByLast(): boolean {
    const last = this.#entries.at(-1);
    if (last === undefined) return false;
    const keys = last.defines.map(plainKey);
    return this.#entries.slice(0, -1).some((entry, index) => {
      if (entry === undefined) return false;
      if (entry.removes && !this.#removesAnything(index, entry)) return true;
      return entry.defines.some((define) => keys.some((key) => covers(key, plainKey(define))));
    });
  }

  /** Takes out what can be; tells whether that was anything. The last entry stays. */
  takeOutOnce(): boolean {
    let changed = false;
    for (const [index, entry] of this.#entries.slice(0, -1).entries()) {
      if (entry === undefined) continue;
      const free = entry.removes ? !this.#removesAnything(index, entry) : this.#isRedefined(index, entry);
      if (!free) continue;
      this.#entries[index] = undefined;
      changed = true;
    }
    return changed;
  }

  #removesAnything(index: number, entry: Head): boolean {
    return this.#entries.slice(0, index).some((before) => before !== undefined && takesAway(entry, before));
  }

  #isRedefined(index: number, entry: Head): boolean {
    return (
      entry.defines.length > 0 && entry.defines.map(plainKey).every((key) => this.#isKeyRedefined(index, key))
    );
  }

  #isKeyRedefined(index: number, key: string): boolean {
    const last = Math.max(this.#last.get(key) ?? -1, this.#last.get(wildcard(key)) ?? -1);
    if (last <= index || this.#ambiguous.has(key.toLowerCase())) return false;
    for (let later = index + 1; later <= last; later += 1) {
      const entry = this.#entries[later];
      if (entry === undefined) continue;
      if (mentions(entry, key)) return false;
      if (entry.defines.some((define) => covers(plainKey(define), key))) return true;
    }
    return false;
  }
}

/** Whether an entry that takes away has something to take away in an earlier one. */
function takesAway(entry: Head, before: Head): boolean {
  if (before.removes) return false;
  const made = before.defines.map((define) => plainKey(define).toLowerCase());
  return entry.defines.some((define) => {
    const key = plainKey(define).toLowerCase();
    return made.some((other) => covers(key, other));
  });
}

/** Whether a journal leaves a session with this: it was made, and not taken away after that. */
function isPresent(heads: readonly Head[], define: string): boolean {
  const key = plainKey(define).toLowerCase();
  const last = heads.findLast((head) =>
    head.defines.some((other) => covers(plainKey(other).toLowerCase(), key)),
  );
  return last !== undefined && !last.removes;
}

function covers(key: string, other: string): boolean {
  return key === other || (key.endsWith(":*") && other.startsWith(key.slice(0, -1)));
}

function mentions({ kind, uses }: Head, key: string): boolean {
  const prefix = key.slice(0, key.indexOf(":") + 1);
  if (uses.includes("*") || uses.includes(key)) return true;
  if (prefix === "config:") return OF_THEIR_TIME.has(kind) || kind === "catalog";
  // A function in Python knows the artifacts that were there when it was registered.
  if (prefix === "catalog:" || prefix === "artifact:") return OF_THEIR_TIME.has(kind);
  const words = wordsOf(key.slice(prefix.length));
  return words.length === 0 || words.every((word) => uses.includes(word));
}

function plainKey(define: string): string {
  if (define.startsWith(IF_PRESENT)) return define.slice(IF_PRESENT.length);
  return define.startsWith(IF_ABSENT) ? define.slice(IF_ABSENT.length) : define;
}

function wildcard(key: string): string {
  return `${key.slice(0, key.indexOf(":"))}:*`;
}
