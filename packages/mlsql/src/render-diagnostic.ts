import type { Diagnostic, Severity } from "./diagnostic.ts";
import { SourceText } from "./source-text.ts";
import { fitsColumns, takeEnd, takeStart, textColumns } from "./text-columns.ts";

/** How a diagnostic is written out. */
export interface RenderOptions {
  /** Whether to colour it for a terminal; off by default. */
  readonly color?: boolean;
  /** The columns of the terminal; lines that are longer are cut around the caret. 100 by default. */
  readonly width?: number;
}

const COLORS: Readonly<Record<Severity | "bold" | "dim" | "help", readonly [string, string]>> = {
  error: ["\u001b[1;31m", "\u001b[0m"],
  warning: ["\u001b[1;33m", "\u001b[0m"],
  bold: ["\u001b[1m", "\u001b[0m"],
  dim: ["\u001b[2m", "\u001b[0m"],
  help: ["\u001b[36m", "\u001b[0m"],
};
const TAB = "    ";

/**
 * A diagnostic for a person: `file:line:column: error[code]: message`, the line of the script with a caret run
 * under the span, and the suggestion. `source` is the text of the file that the span points into.
 */
export function renderDiagnostic(
  diagnostic: Diagnostic,
  source: string,
  options: RenderOptions = {},
): string {
  const { code, severity, message, span, suggestion } = diagnostic;
  const paint = (color: keyof typeof COLORS, text: string): string => {
    const [on, off] = COLORS[color];
    return options.color === true ? `${on}${text}${off}` : text;
  };
  const { line, column } = span.start;
  const head = `${span.file}:${line}:${column}: `;
  const lines = [`${paint("bold", head)}${paint(severity, `${severity}[${code}]`)}: ${message}`];
  const text = new SourceText(span.file, source).line(line);
  const margin = " ".repeat(String(line).length + 1);
  if (text.trim() !== "") {
    const last = span.end.line > line ? text.length : Math.max(span.end.column - 1, column);
    const room = (options.width ?? 100) - margin.length - 2;
    const shown = cutAround(text, Math.min(column - 1, text.length), Math.min(last, text.length), room);
    lines.push(`${paint("dim", `${line} |`)} ${shown.text}`);
    const caret = "^".repeat(Math.max(1, textColumns(shown.marked)));
    lines.push(
      `${paint("dim", `${margin}|`)} ${" ".repeat(textColumns(shown.before))}${paint(severity, caret)}`,
    );
  }
  if (suggestion !== undefined)
    lines.push(`${paint("dim", `${margin}=`)} ${paint("help", `help: ${suggestion}`)}`);
  return lines.join("\n");
}

interface ShownLine {
  readonly text: string;
  readonly before: string;
  readonly marked: string;
}

/** Cuts a line to `room` columns so that the stretch from `start` to `end` is seen, or as much of it as fits. */
function cutAround(line: string, start: number, end: number, room: number): ShownLine {
  const plain = (text: string): string => text.replaceAll("\t", TAB).replace(/\p{Cc}/gu, "\uFFFD");
  const [before, marked, after] = [line.slice(0, start), line.slice(start, end), line.slice(end)].map(
    plain,
  ) as [string, string, string];
  const whole = before + marked + after;
  if (fitsColumns(whole, room)) return { text: whole, before, marked };
  const shownMark = takeStart(marked, Math.max(1, Math.floor((room * 2) / 3)));
  const left = room - textColumns(shownMark);
  const shownBefore = takeEnd(before, Math.max(1, Math.floor(left / 2)));
  const cutMark = shownMark !== marked;
  const shownAfter = cutMark ? "" : takeStart(after, Math.max(1, left - textColumns(shownBefore)));
  return { text: shownBefore + shownMark + shownAfter, before: shownBefore, marked: shownMark };
}
