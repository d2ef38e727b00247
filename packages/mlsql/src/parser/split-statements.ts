import type { IToken } from "chevrotain";
import { isStatementWord, STATEMENT_FORMS } from "./statement-forms.ts";

/** The tokens of one statement, without its `;`, and whether that `;` is missing although another one follows. */
export interface StatementTokens {
  readonly tokens: readonly IToken[];
  readonly start: number;
  readonly end: number;
  readonly missingSemicolon: boolean;
}

/** Tokens that only a statement begins with. */
const BEGINNINGS = new Set(["SELECT_TEXT", "SQL_TEXT", "COMMAND_NAME", "SELECT_WITHOUT_NAME", "BROKEN_SQL"]);

/** What cannot end a statement: a word at a line's start after one of these goes on with it. */
const GOES_ON = new Set([
  ".",
  ",",
  "=",
  "as",
  "into",
  "and",
  "where",
  "options",
  ...Object.keys(STATEMENT_FORMS),
]);

/** Whether what stands at `offset` begins a line and may begin a statement there, after the token `last`. */
export function canBegin(text: string, last: IToken | undefined, offset: number): boolean {
  if (last === undefined || last.image === ";") return true;
  const gap = text.slice(last.startOffset + last.image.length, offset);
  return /[\r\n]/.test(gap) && !GOES_ON.has(last.image.toLowerCase());
}

/** Parts a script's tokens into statements: at each `;`, and where a statement begins without one before it. */
export function* splitStatements(text: string, tokens: readonly IToken[]): Generator<StatementTokens> {
  let first = 0;
  for (let index = 0; index <= tokens.length; index++) {
    const token = tokens[index];
    const isEnd = token === undefined || token.image === ";";
    const isBeginning = !isEnd && index > first && begins(text, tokens[index - 1], token);
    if (!isEnd && !isBeginning) continue;
    const statement = tokens.slice(first, index);
    first = isEnd ? index + 1 : index;
    const [start, last] = [statement[0], statement.at(-1)];
    if (!start || !last) continue;
    const end = last.startOffset + last.image.length;
    yield { tokens: statement, start: start.startOffset, end, missingSemicolon: isBeginning };
  }
}

function begins(text: string, last: IToken | undefined, token: IToken): boolean {
  if (!BEGINNINGS.has(token.tokenType.name) && !isStatementWord(token.image.toLowerCase())) return false;
  return canBegin(text, last, token.startOffset);
}
