import type { IToken } from "chevrotain";
import type { SourceText } from "../source-text.ts";
import type { LostName } from "../statement.ts";
import { readName } from "./text.ts";

/**
 * The tables and variables that a statement which did not parse would have made: the name after its `set`, and
 * every name after an `as`. They keep later statements from being blamed for using them.
 */
export function lostNames(source: SourceText, tokens: readonly IToken[]): readonly LostName[] {
  return tokens.flatMap((token, index): LostName[] => {
    const next = tokens[index + 1];
    const word = token.image.toLowerCase();
    if (!next || !["set", "as", "into"].includes(word)) return [];
    const name = readName(source, next.startOffset, next.startOffset + next.image.length);
    return [{ kind: word === "set" ? "variable" : "table", name }];
  });
}
