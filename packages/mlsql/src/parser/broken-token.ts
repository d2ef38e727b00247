import type { IToken } from "chevrotain";
import type { Diagnostic } from "../diagnostic.ts";
import type { SourceText } from "../source-text.ts";
import { readStatementText } from "./statement-text.ts";
import { BROKEN_TOKENS } from "./token-builder.ts";

const CLOSE = {
  "unclosed-string": {
    message: "this string has no closing quote",
    suggestion: "Close it with the quote it begins with.",
  },
  "unclosed-backquote": { message: "this backquote has no closing one", suggestion: "Close it with `." },
  "unclosed-comment": { message: "this comment has no end", suggestion: "End it with */." },
  "unclosed-block": { message: "this block string has no end", suggestion: "End it with '''." },
} as const;

/** Where an unclosed text is pointed at: its first line, which is where the user has to look. */
function firstLine(text: string, start: number, end: number): number {
  const lineBreak = text.slice(start, end).search(/[\r\n]/);
  return lineBreak < 0 ? end : start + lineBreak;
}

/** The mistake that a token by itself is: a text that was never closed, a select that names no table. */
export function brokenToken(source: SourceText, token: IToken): Diagnostic | undefined {
  const { startOffset: start, image } = token;
  const unclosed = (code: keyof typeof CLOSE, from: number, to: number): Diagnostic => ({
    code,
    severity: "error",
    ...CLOSE[code],
    span: source.span(from, firstLine(source.text, from, to)),
  });
  switch (token.tokenType.name) {
    case BROKEN_TOKENS["unclosed-block"]:
      return unclosed("unclosed-block", start, start + image.length);
    case BROKEN_TOKENS["unclosed-string"]:
      return unclosed("unclosed-string", start, start + image.length);
    case BROKEN_TOKENS["unclosed-backquote"]:
      return unclosed("unclosed-backquote", start, start + image.length);
    case BROKEN_TOKENS["unclosed-comment"]:
      return unclosed("unclosed-comment", start, start + image.length);
    case BROKEN_TOKENS["broken-sql"]: {
      const found = readStatementText(source.text, start).unclosed;
      return found && unclosed(found.kind, found.start, found.end);
    }
    case BROKEN_TOKENS["select-without-name"]: {
      const end = start + image.length;
      return {
        code: "missing-as",
        severity: "error",
        message: "this select does not say what its table is called",
        span: source.span(start, firstLine(source.text, start, end)),
        suggestion: "End it with `as table_name`.",
      };
    }
    default:
      return undefined;
  }
}
