/**
 * The line (from 1) on which a key of a TOML text stands, or the nearest table around it that has a line of its own.
 * The reader of TOML gives values without places; this looks for the words `[table]` and `key =`, which is enough
 * for a message.
 */
export function keyLine(source: string, path: readonly string[]): number {
  let best = { depth: 0, line: 1 };
  let table: readonly string[] = [];
  for (const [index, line] of source.split(/\r?\n/u).entries()) {
    const header = /^\s*\[([^[\]]+)\]/u.exec(line)?.[1];
    const key = /^\s*([^#=[\]]+?)\s*=/u.exec(line)?.[1];
    if (header !== undefined) table = keyParts(header);
    const here = header === undefined ? (key === undefined ? [] : [...table, ...keyParts(key)]) : table;
    const fits = here.every((part, position) => part === path[position]);
    if (fits && here.length > best.depth) best = { depth: here.length, line: index + 1 };
  }
  return best.line;
}

/** `profiles."a.b".ray` has three parts. */
function keyParts(key: string): readonly string[] {
  return [...key.matchAll(/"([^"]*)"|'([^']*)'|[^.\s"']+/gu)].map(
    ([all, double, single]) => double ?? single ?? all,
  );
}
