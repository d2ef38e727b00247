import type { SourceText } from "../source-text.ts";
import type { Span } from "../span.ts";
import type { Text } from "../statement.ts";

/**
 * The place of a stretch of a text's value; the whole text where escapes have moved its letters about.
 * `source` is the script that the text stands in.
 */
export function spanInText(source: SourceText, text: Text, start: number, end: number): Span {
  const from = text.span.start.offset;
  const moved = text.span.end.offset - from !== text.value.length;
  return moved ? text.span : source.span(from + start, from + end);
}
