import type { EntryHead } from "./journal-entry.ts";

/** How large a session's journal may grow. */
export interface JournalBounds {
  /** Bytes of all messages; by default 64 MiB. */
  readonly bytes?: number;
  /** By default 2,000. */
  readonly entries?: number;
}

const BYTES = 64 * 1024 * 1024;

const ENTRIES = 2_000;

/** Why a journal would be too large with one more entry in place of those that it supersedes, if it would be. */
export function overBounds(
  heads: readonly EntryHead[],
  next: Pick<EntryHead, "size">,
  supersedes: readonly number[],
  bounds: JournalBounds = {},
): string | undefined {
  const { bytes: mostBytes = BYTES, entries: mostEntries = ENTRIES } = bounds;
  const gone = new Set(supersedes);
  const kept = heads.filter(({ sequence }) => !gone.has(sequence));
  const bytes = kept.reduce((sum, { size }) => sum + size, next.size);
  if (bytes > mostBytes) return `its journal has more than ${mostBytes} bytes`;
  if (kept.length + 1 > mostEntries) return `its journal has more than ${mostEntries} entries`;
  return undefined;
}
