import type { Readable } from "node:stream";

/** A line that is longer is told in pieces, so that output without line breaks fills no memory. Characters. */
const LONGEST_LINE = 64 * 1024;

/** Reads a stream to its end, line by line, and never faster than `onLine` resolves. Line breaks are left out. */
export async function readLines(stream: Readable, onLine: (line: string) => Promise<void>): Promise<void> {
  let rest = "";
  stream.setEncoding("utf8");
  for await (const text of stream as AsyncIterable<string>) {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) await onLine(line);
    while (rest.length > LONGEST_LINE) {
      await onLine(rest.slice(0, LONGEST_LINE));
      rest = rest.slice(LONGEST_LINE);
    }
  }
  if (rest !== "") await onLine(rest);
}
