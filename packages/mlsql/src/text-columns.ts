import { createRequire } from "node:module";
import type stringWidth from "string-width";

/** Printable ASCII: one column a letter, no tables needed. */
const PLAIN = /^[\x20-\x7e]*$/;

let measure: typeof stringWidth | undefined;
let segmenter: Intl.Segmenter | undefined;

/**
 * The columns that a text takes on a terminal. The library that knows wide letters is loaded when the first one
 * comes: it takes 40 ms, which no script without mistakes should pay.
 */
export function textColumns(text: string): number {
  if (PLAIN.test(text)) return text.length;
  if (!measure) {
    const library: unknown = createRequire(import.meta.url)("string-width");
    measure = (library as { readonly default: typeof stringWidth }).default;
  }
  return measure(text);
}

/** A text's letters as a reader counts them: a letter with its marks, an emoji with its parts. */
export function textLetters(text: string): readonly string[] {
  segmenter ??= new Intl.Segmenter();
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}
