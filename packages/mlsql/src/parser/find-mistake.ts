import type { IToken } from "chevrotain";
import type { Diagnostic } from "../diagnostic.ts";
import type { SourceText } from "../source-text.ts";
import { suggestName } from "../suggest.ts";
import { isStatementWord, SQL_VERBS, STATEMENT_FORMS, type StatementWord } from "./statement-forms.ts";
import { MistakeFound, oneOf, TokenReader } from "./token-reader.ts";

const SAVE_MODES = ["overwrite", "append", "ignore", "errorIfExists"];

/** Says what is wrong with a statement that did not parse; undefined only if nothing is. */
export function findMistake(source: SourceText, tokens: readonly IToken[]): Diagnostic | undefined {
  const reader = new TokenReader(source, tokens);
  try {
    readStatement(reader);
    if (reader.peek()) reader.fail(`unexpected ${reader.found()} after the end of the statement`);
    return undefined;
  } catch (error) {
    if (error instanceof MistakeFound) return error.diagnostic;
    throw error;
  }
}

function readStatement(reader: TokenReader): void {
  const first = reader.peek();
  const word = first?.image.toLowerCase() ?? "";
  if (first?.tokenType.name === "SELECT_TEXT") {
    reader.take();
    reader.expect(["as"]);
    readName(reader, "a table name");
  } else if (first?.tokenType.name === "SQL_TEXT") {
    reader.take();
  } else if (first?.tokenType.name === "COMMAND_NAME") {
    reader.take();
    while (reader.isQuoted() || reader.peek()?.tokenType.name === "COMMAND_WORD") reader.take();
  } else if (isStatementWord(word)) {
    reader.take();
    READERS[word](reader);
    readEnd(reader, word);
  } else {
    failUnknownStatement(reader, word);
  }
}

function failUnknownStatement(reader: TokenReader, word: string): never {
  if (!reader.isWord()) reader.fail(`a statement cannot begin with ${reader.found()}`);
  const near = suggestName(word, [...Object.keys(STATEMENT_FORMS), ...SQL_VERBS]);
  reader.fail(`unknown statement ${reader.found()}`, {
    code: "unknown-statement",
    ...(near
      ? { suggestion: `Did you mean \`${near}\`?`, replacement: near }
      : {
          suggestion: `Statements begin with ${Object.keys(STATEMENT_FORMS).join(", ")}, a Spark SQL verb, or !command.`,
        }),
  });
}

const READERS: Readonly<Record<StatementWord, (reader: TokenReader) => void>> = {
  set: (reader) => {
    readName(reader, "a variable name");
    while (reader.accept(".")) readName(reader, "the rest of the name");
    reader.expect(["="], { suggestion: form("set") });
    readValue(reader, "a value");
    readOptions(reader, ["where", "options"]);
  },
  load: (reader) => {
    readSource(reader, "load");
    readOptions(reader, ["where", "options", "as"]);
    reader.expect(["as"], { code: reader.peek() ? "syntax-error" : "missing-as", suggestion: form("load") });
    readName(reader, "a table name");
  },
  select: (reader) =>
    reader.fail(`expected the text of a select but found ${reader.found()}`, { suggestion: form("select") }),
  with: (reader) =>
    reader.fail(`expected the text of a select but found ${reader.found()}`, { suggestion: form("with") }),
  save: (reader) => {
    if (SAVE_MODES.some((mode) => reader.is(mode)) && !reader.is("as", 1)) reader.take();
    if (reader.isWord() && reader.isWord(1) && reader.is("as", 2)) {
      const near = suggestName(reader.peek()?.image ?? "", SAVE_MODES);
      reader.fail(`unknown save mode ${reader.found()}`, {
        suggestion: near ? `Did you mean \`${near}\`?` : `The modes are ${SAVE_MODES.join(", ")}.`,
        ...(near && { replacement: near }),
      });
    }
    readName(reader, "a table name");
    reader.expect(["as"], { suggestion: form("save") });
    readSource(reader, "save");
    readOptions(reader, ["where", "options", "partitionBy"]);
    if (!reader.accept("partitionBy")) return;
    do readName(reader, "a column name");
    while (reader.accept(","));
  },
  train: (reader) => {
    readAlgorithm(reader, "train");
  },
  run: (reader) => {
    readAlgorithm(reader, "run");
  },
  predict: (reader) => {
    readAlgorithm(reader, "predict");
  },
  register: (reader) => {
    readSource(reader, "register");
    reader.expect(["as"], { suggestion: form("register") });
    readName(reader, "a function name");
    readOptions(reader, ["where", "options"]);
  },
  include: (reader) => {
    readSource(reader, "include");
    readOptions(reader, ["where", "options"]);
  },
  connect: (reader) => {
    readName(reader, "a format name");
    readOptions(reader, ["where", "options", "as"]);
    reader.expect(["as"], { suggestion: form("connect") });
    readName(reader, "a connection name");
  },
};

function form(word: StatementWord): string {
  return `Write it as: ${STATEMENT_FORMS[word]}`;
}

function readAlgorithm(reader: TokenReader, word: "train" | "run" | "predict"): void {
  readName(reader, "a table name");
  reader.expect(["as", "into"], { suggestion: form(word) });
  readSource(reader, word);
  readOptions(reader, ["where", "options", "as"]);
  if (reader.accept("as")) readName(reader, "a table name");
}

function readName(reader: TokenReader, what: string): void {
  if (reader.isWord() || reader.peek()?.tokenType.name === "BACKQUOTED") reader.take();
  else reader.fail(`expected ${what} but found ${reader.found()}`);
}

function readSource(reader: TokenReader, word: StatementWord): void {
  const suggestion = form(word);
  const isPart = (): boolean =>
    (reader.isWord() && !(reader.is("as") && reader.isWord(1))) || reader.isQuoted();
  if (!isPart()) reader.fail(`expected format.\`path\` but found ${reader.found()}`, { suggestion });
  reader.take();
  reader.expect(["."], { suggestion });
  do {
    if (!isPart()) reader.fail(`expected a path in backquotes but found ${reader.found()}`, { suggestion });
    reader.take();
  } while (reader.accept("."));
}

function readValue(reader: TokenReader, what: string): void {
  if (!reader.isQuoted() && !reader.isWord() && !reader.isNumber()) {
    reader.fail(`expected ${what} in quotes but found ${reader.found()}`);
  }
  reader.take();
  while (reader.is(".") && reader.isWord(1)) {
    reader.take();
    reader.take();
  }
}

/** Where the `=` of an option stands, counted from the next token; undefined where no option begins. */
function equalsAhead(reader: TokenReader): number | undefined {
  let ahead = 0;
  if (!reader.isWord() && !reader.isQuoted()) return undefined;
  while (reader.is(".", ahead + 1)) ahead += 2;
  return reader.is("=", ahead + 1) ? ahead + 1 : undefined;
}

function readOptions(reader: TokenReader, next: readonly string[]): void {
  const clause = reader.accept("where", "options");
  reader.accept("and");
  for (let first = true; ; first = false) {
    const equals = equalsAhead(reader);
    if (equals === undefined) {
      if (first && !clause) checkClauseWord(reader, next);
      else if (!first || (clause && reader.peek() && !next.some((word) => reader.is(word)))) {
        reader.fail(`expected an option such as key="value" but found ${reader.found()}`);
      }
      return;
    }
    for (let taken = 0; taken <= equals; taken++) reader.take();
    readValue(reader, "the option's value");
    if (reader.accept("and")) continue;
    if (reader.is(",")) reader.fail("options are joined by `and`, not by `,`", { replacement: " and" });
    if (reader.peek() && !next.some((word) => reader.is(word)) && equalsAhead(reader) !== undefined) {
      reader.fail(`\`and\` is missing before the option ${reader.found()}`, {
        suggestion: "Options are joined by `and`.",
        replacement: `and ${reader.peek()?.image ?? ""}`,
      });
    }
    return;
  }
}

/** A word right before an option that is no `where` is a misspelled one: `wher a="b"`. */
function checkClauseWord(reader: TokenReader, next: readonly string[]): void {
  if (!reader.isWord() || next.some((word) => reader.is(word))) return;
  const near = suggestName(reader.peek()?.image ?? "", next);
  const beforeOption = reader.isWord(1) && (reader.is("=", 2) || reader.is(".", 2));
  if (!beforeOption && !near) return;
  reader.fail(`expected ${oneOf(next)} but found ${reader.found()}`, {
    ...(near && { suggestion: `Did you mean \`${near}\`?`, replacement: near }),
  });
}

/** After a whole statement only another one may follow: then just its `;` is missing. */
function readEnd(reader: TokenReader, word: StatementWord): void {
  if (!reader.peek()) return;
  reader.fail(`unexpected ${reader.found()} after the end of the ${word} statement`, {
    suggestion: form(word),
  });
}
