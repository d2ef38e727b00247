import type { EntryHead, JournalEntry } from "../journal/journal-entry.ts";

/** What is known of an entry without its messages, once it has a sequence number. */
export function headOf(entry: JournalEntry, sequence: number): EntryHead {
  const { messages, ...head } = entry;
  return { ...head, sequence, size: messages.reduce((size, message) => size + message.length, 0) };
}
