import { distance } from "fastest-levenshtein";

/**
 * The candidate that a misspelled name most likely means, or undefined where none is near: at most a third of
 * the letters differ. Case does not count; of equally near candidates the first one is taken.
 */
export function suggestName(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let best: { readonly candidate: string; readonly edits: number } | undefined;
  for (const candidate of candidates) {
    if (candidate === name || candidate === "") continue;
    const edits = editsBetween(wanted, candidate.toLowerCase());
    const allowed = Math.max(1, Math.floor(Math.max(name.length, candidate.length) / 3));
    if (
      edits <= allowed &&
      edits < Math.min(name.length, candidate.length) &&
      (!best || edits < best.edits)
    ) {
      best = { candidate, edits };
    }
  }
  return best?.candidate;
}

/** The edit distance, with two letters that changed places as one edit: it is the commonest slip. */
function editsBetween(a: string, b: string): number {
  const edits = distance(a, b);
  const swapped =
    edits === 2 && a.length === b.length && Array.from(a).sort().join("") === Array.from(b).sort().join("");
  return swapped ? 1 : edits;
}
