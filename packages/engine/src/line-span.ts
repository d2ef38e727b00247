import type { Span } from "@duet/mlsql";

/** A line of a file that the run has read (from 1), without its indentation; `undefined` where it has no such line. */
export function lineSpan(sources: ReadonlyMap<string, string>, file: string, line: number): Span | undefined {
  const text = sources.get(file);
  const lines = text?.split("\n");
  const content = lines?.[line - 1];
  if (lines === undefined || content === undefined) return undefined;
  const before = lines.slice(0, line - 1).reduce((sum, item) => sum + item.length + 1, 0);
  const indent = content.length - content.trimStart().length;
  const end = content.trimEnd().length;
  return {
    file,
    start: { line, column: indent + 1, offset: before + indent },
    end: { line, column: end + 1, offset: before + end },
  };
}

/** A stretch of a file by offsets; both are moved into the text. */
export function offsetSpan(text: string, file: string, start: number, end: number): Span {
  const position = (offset: number) => {
    const at = Math.max(0, Math.min(offset, text.length));
    const before = text.slice(0, at);
    const line = before.split("\n").length;
    return { line, column: at - before.lastIndexOf("\n"), offset: at };
  };
  return { file, start: position(start), end: position(Math.max(start, end)) };
}
