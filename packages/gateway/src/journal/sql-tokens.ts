/** A piece of a SQL statement; comments and white space are none. */
export interface SqlToken {
  /** A `word` is also a number, a `name` stands in backquotes. */
  readonly kind: "word" | "name" | "string" | "symbol";
  /** A word in lower case, a name without its quotes, a string's content, a symbol as it is. */
  readonly text: string;
  /** Where it begins and ends in the statement. */
  readonly start: number;
  readonly end: number;
}

/** The tokens of a statement, by Spark's lexical rules; what is not closed reaches to the end. */
export function* sqlTokens(sql: string): Generator<SqlToken> {
  let at = skipSpace(sql, 0);
  while (at < sql.length) {
    const token = tokenAt(sql, at);
    yield token;
    at = skipSpace(sql, token.end);
  }
}

const WORD = /[\p{L}\p{N}\p{M}_]+/uy;

function tokenAt(sql: string, start: number): SqlToken {
  const first = sql[start] ?? "";
  if (first === "`") {
    const end = quoteEnd(sql, start, "doubled");
    return { kind: "name", text: sql.slice(start + 1, end - 1).replaceAll("``", "`"), start, end };
  }
  if (first === "'" || first === '"') {
    const raw = /(?<![\p{L}\p{N}_])r$/iu.test(sql.slice(Math.max(0, start - 2), start));
    const end = quoteEnd(sql, start, raw ? "raw" : "escaped");
    const content = sql.slice(start + 1, end - 1);
    return { kind: "string", text: raw ? content : unescape(content), start, end };
  }
  WORD.lastIndex = start;
  const word = WORD.exec(sql)?.[0];
  if (word !== undefined) {
    return { kind: "word", text: word.toLowerCase(), start, end: start + word.length };
  }
  const symbol = String.fromCodePoint(sql.codePointAt(start) ?? 0);
  return { kind: "symbol", text: symbol, start, end: start + symbol.length };
}

/** Behind the quote that closes the one at `start`. */
function quoteEnd(sql: string, start: number, escape: "doubled" | "escaped" | "raw"): number {
  const quote = sql[start];
  for (let at = start + 1; at < sql.length; at += 1) {
    if (sql[at] === "\\" && escape === "escaped") at += 1;
    else if (sql[at] === quote) {
      if (escape !== "doubled" || sql[at + 1] !== quote) return at + 1;
      at += 1;
    }
  }
  return sql.length;
}

function unescape(text: string): string {
  return text.replaceAll(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/gu, (_, code: string | undefined, letter = "") =>
    code === undefined
      ? (ESCAPES.get(String(letter)) ?? String(letter))
      : String.fromCharCode(parseInt(code, 16)),
  );
}

const ESCAPES = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["b", "\b"],
  ["0", "\0"],
  ["Z", "\u001a"],
]);

/** The first place that is neither white space nor within a comment; hints count as comments. */
function skipSpace(sql: string, from: number): number {
  let at = from;
  for (;;) {
    while (/\s/u.test(sql[at] ?? "")) at += 1;
    if (sql.startsWith("--", at)) {
      while (at < sql.length && sql[at] !== "\n" && sql[at] !== "\r")
        at += sql.startsWith("\\\n", at) ? 2 : 1;
    } else if (sql.startsWith("/*", at)) at = commentEnd(sql, at);
    else return at;
  }
}

/** Spark's block comments nest. */
function commentEnd(sql: string, start: number): number {
  let depth = 1;
  let at = start + 2;
  while (at < sql.length && depth > 0) {
    if (sql.startsWith("/*", at)) depth += 1;
    else if (sql.startsWith("*/", at)) depth -= 1;
    else {
      at += 1;
      continue;
    }
    at += 2;
  }
  return at;
}
