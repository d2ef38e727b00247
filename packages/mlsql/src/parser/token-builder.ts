import type { CustomPatternMatcherReturn, IMultiModeLexerDefinition, IToken, TokenType } from "chevrotain";
import {
  DefaultTokenBuilder,
  type Grammar,
  type GrammarAST,
  type TokenBuilderOptions,
} from "./generated/langium.js";
import { blockEnd, closedEnd, unclosedBlockEnd } from "./quoted-tokens.ts";
import { canBegin } from "./split-statements.ts";
import { SQL_VERBS, STATEMENT_WORDS } from "./statement-forms.ts";
import { readStatementText, type StatementText } from "./statement-text.ts";

/** Token types for what is no MLSQL: the grammar has no place for them, so each is an error with its own name. */
export const BROKEN_TOKENS = {
  "unclosed-block": "UNCLOSED_BLOCK",
  "unclosed-string": "UNCLOSED_STRING",
  "unclosed-backquote": "UNCLOSED_BACKQUOTE",
  "unclosed-comment": "UNCLOSED_COMMENT",
  "select-without-name": "SELECT_WITHOUT_NAME",
  "broken-sql": "BROKEN_SQL",
  unexpected: "UNEXPECTED",
} as const;

/** The space before a line that begins a statement: the `;` of a command's line is missing there. */
const COMMAND_BREAK = new RegExp(`\\s*[\\r\\n]\\s*(?=(?:${STATEMENT_WORDS})\\s|!\\p{L})`, "iuy");

type Matcher = (text: string, offset: number, matched: IToken[]) => CustomPatternMatcherReturn | null;

const SELECT_WORD = /(?:select|with)(?=[\s(*"'`/-])(?!\s*[.=])/iy;
const SQL_WORD = new RegExp(`(?:${SQL_VERBS.join("|")})(?=\\s)(?!\\s*[.=])`, "iy");

function sticky(pattern: RegExp): Matcher {
  return (text, offset) => {
    pattern.lastIndex = offset;
    const match = pattern.exec(text);
    return match ? [match[0]] : null;
  };
}

/** Reads statements' texts; the four tokens that are tried at one place share one reading. */
class StatementReader {
  #text = "";
  #offset = -1;
  #read: StatementText | undefined;

  matcher(word: RegExp, pick: (read: StatementText) => number | undefined): Matcher {
    return (text, offset, matched) => {
      word.lastIndex = offset;
      if (!word.test(text) || !canBegin(text, matched.at(-1), offset)) return null;
      if (this.#text !== text || this.#offset !== offset || !this.#read) {
        this.#text = text;
        this.#offset = offset;
        this.#read = readStatementText(text, offset);
      }
      const end = pick(this.#read);
      return end === undefined ? null : [text.slice(offset, end)];
    };
  }
}

/** Matches what a function says the end of. */
function upTo(end: (text: string, offset: number) => number | undefined): Matcher {
  return (text, offset) => {
    const found = end(text, offset);
    return found === undefined ? null : [text.slice(offset, found)];
  };
}

function quotedBy(quote: RegExp): Matcher {
  return upTo((text, offset) => (quote.test(text[offset] ?? "") ? closedEnd(text, offset) : undefined));
}

function custom(name: string, match: Matcher): TokenType {
  return { name, PATTERN: match, LINE_BREAKS: true };
}

/** Makes the lexer's tokens: the grammar's, with the refinements that its regular expressions cannot state. */
export class MlsqlTokenBuilder extends DefaultTokenBuilder {
  override buildTokens(grammar: Grammar, options?: TokenBuilderOptions): IMultiModeLexerDefinition {
    const tokens = new Map(
      (super.buildTokens(grammar, options) as TokenType[]).map((type) => [type.name, type]),
    );
    const take = (name: string): TokenType => {
      const type = tokens.get(name);
      if (!type) throw new Error(`The grammar has no token ${name}.`);
      tokens.delete(name);
      return type;
    };
    const reader = new StatementReader();
    const refine = (name: string, match: Matcher): TokenType =>
      Object.assign(take(name), custom(name, match));
    const selectText = refine(
      "SELECT_TEXT",
      reader.matcher(SELECT_WORD, (read) => read.beforeName),
    );
    const sqlText = refine(
      "SQL_TEXT",
      reader.matcher(SQL_WORD, (read) => (read.unclosed ? undefined : read.end)),
    );
    const selectWithoutName = custom(
      BROKEN_TOKENS["select-without-name"],
      reader.matcher(SELECT_WORD, (read) => (read.unclosed ? undefined : read.end)),
    );
    const anyWord = new RegExp(`${SELECT_WORD.source}|${SQL_WORD.source}`, "iy");
    const brokenSql = custom(
      BROKEN_TOKENS["broken-sql"],
      reader.matcher(anyWord, (read) => read.end),
    );

    const commandName = refine("COMMAND_NAME", sticky(/![\p{L}_][\p{L}\p{N}_-]*/uy));
    commandName.PUSH_MODE = "command";
    const commandWord = refine("COMMAND_WORD", sticky(/[^\s;'"`]+/y));
    const semicolon = take(";");
    const commandEnd: TokenType = {
      name: "COMMAND_END",
      PATTERN: /;/,
      POP_MODE: true,
      CATEGORIES: [semicolon],
    };
    const lineComment = take("LINE_COMMENT");
    const commandComment: TokenType = {
      name: "COMMAND_COMMENT",
      PATTERN: /--(?![^\s])[^\r\n]*/,
      GROUP: "hidden",
    };
    // A path such as `/*` begins no comment that would swallow the statements after it.
    const commandBlockComment: TokenType = {
      name: "COMMAND_BLOCK_COMMENT",
      PATTERN: /\/\*(?:(?!\*\/)[^;])*\*\//,
      GROUP: "hidden",
      LINE_BREAKS: true,
    };
    const commandBreak: TokenType = {
      ...custom("COMMAND_BREAK", sticky(COMMAND_BREAK)),
      GROUP: "hidden",
      POP_MODE: true,
    };

    const quoted = [
      refine("BLOCK_STRING", upTo(blockEnd)),
      custom(BROKEN_TOKENS["unclosed-block"], upTo(unclosedBlockEnd)),
      refine("STRING", quotedBy(/["']/)),
      custom(BROKEN_TOKENS["unclosed-string"], sticky(/["'][^\r\n;]*/y)),
      refine("BACKQUOTED", quotedBy(/`/)),
      custom(BROKEN_TOKENS["unclosed-backquote"], sticky(/`[^\r\n;]*/y)),
    ];
    const whitespace = take("WHITESPACE");
    const blockComment = take("BLOCK_COMMENT");
    const unclosedComment = custom(BROKEN_TOKENS["unclosed-comment"], sticky(/\/\*[\s\S]*/y));
    const unexpected = custom(BROKEN_TOKENS.unexpected, sticky(/[\s\S]/uy));
    const number = refine("NUMBER", sticky(/-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\p{L}\p{N}_])/uy));
    const id = refine("ID", sticky(/[\p{L}\p{N}_][\p{L}\p{N}\p{M}_]*/uy));
    const keywords = [...tokens.values()];
    return {
      defaultMode: "script",
      modes: {
        script: [
          whitespace,
          blockComment,
          lineComment,
          unclosedComment,
          selectText,
          selectWithoutName,
          sqlText,
          brokenSql,
          commandName,
          ...keywords,
          number,
          id,
          ...quoted,
          semicolon,
          unexpected,
        ],
        command: [
          commandBreak,
          whitespace,
          commandBlockComment,
          commandComment,
          ...quoted,
          commandEnd,
          commandWord,
          unexpected,
        ],
      },
    };
  }

  protected override buildKeywordPattern(keyword: GrammarAST.Keyword): Matcher | string {
    if (!/^\w/.test(keyword.value)) return keyword.value;
    return sticky(new RegExp(`${keyword.value}(?![\\p{L}\\p{N}\\p{M}_$])`, "iuy"));
  }

  /** Keywords end where their word ends, so that no longer token needs to be tried. */
  protected override findLongerAlt(): TokenType[] {
    return [];
  }
}
