/**
 * The words in a text, lower case, without doubles: what names in it consist of. With more than it is worth to compare
 * they become `*`: everything.
 */
export function wordsOf(...texts: readonly string[]): readonly string[] {
  const words = new Set<string>();
  for (const text of texts) {
    for (const [word] of text.matchAll(WORD)) {
      words.add(word.toLowerCase());
      if (words.size > MOST_WORDS) return ["*"];
    }
  }
  return [...words];
}

const WORD = /[\p{L}\p{N}\p{M}_]+/gu;

/** Joins lists of words, as {@link wordsOf} gives them. */
export function joinWords(...lists: readonly (readonly string[])[]): readonly string[] {
  const words = new Set(lists.flat());
  return words.has("*") || words.size > MOST_WORDS ? ["*"] : [...words];
}

const MOST_WORDS = 400;

/** A name's parts as one text that no other parts give. */
export function joinName(parts: readonly string[]): string {
  return parts.map((part) => (/^[\p{L}\p{N}_]+$/u.test(part) ? part : quoteIdentifier(part))).join(".");
}

/** A name as Spark SQL reads it whatever it holds. */
export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/** A text as a literal of Spark SQL. */
export function quoteString(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
