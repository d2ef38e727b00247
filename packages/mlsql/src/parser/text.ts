import type { SourceText } from "../source-text.ts";
import type { Name, Text } from "../statement.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  "\\": "\\",
  "'": "'",
  '"': '"',
  "`": "`",
};

/** Undoes backslash escapes; an unknown one (`\d` of a regular expression) stays as written. */
function unescape(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (written, code?: string, letter?: string) =>
    code === undefined ? (ESCAPES[letter ?? ""] ?? written) : String.fromCharCode(parseInt(code, 16)),
  );
}

/** Reads one written text between two offsets: its form by its quotes, its value, and the span inside them. */
export function readText(source: SourceText, start: number, end: number): Text {
  const written = source.text.slice(start, end);
  const inside = (quote: number): string => written.slice(quote, written.length - quote);
  const span = (quote: number): Text["span"] => source.span(start + quote, end - quote);
  if (written.startsWith("'''") && written.length >= 6)
    return { form: "block", value: inside(3), span: span(3) };
  if (written.startsWith("'")) return { form: "single", value: unescape(inside(1)), span: span(1) };
  if (written.startsWith('"')) return { form: "double", value: unescape(inside(1)), span: span(1) };
  if (/^`(?:``|[^`])*`$/.test(written)) {
    return { form: "backquote", value: inside(1).replaceAll("``", "`"), span: span(1) };
  }
  const form = /^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(written) ? "number" : "name";
  return { form, value: nameValue(written), span: span(0) };
}

/** A possibly dotted name with its backquotes and the space between its parts removed. */
function nameValue(written: string): string {
  const parts = written.match(/`(?:``|[^`])*`|"[^"]*"|'[^']*'|[^\s.`"']+/g) ?? [written];
  return parts
    .map((part) => (/^[`"']/.test(part) ? part.slice(1, -1).replaceAll("``", "`") : part))
    .join(".");
}

/** Reads a name; its span includes the backquotes. */
export function readName(source: SourceText, start: number, end: number): Name {
  return { value: nameValue(source.text.slice(start, end)), span: source.span(start, end) };
}
