import type { CommandStatement } from "../statement.ts";
import { suggestName } from "../suggest.ts";
import { checkTable } from "./check-tables.ts";
import type { LaterNames } from "./later-names.ts";
import type { Scope } from "./scope.ts";

/** Checks a `!command`: that it is there, its arguments by number and first word, the tables that it names. */
export function checkCommand(scope: Scope, later: LaterNames, statement: CommandStatement): void {
  const { name, arguments: given } = statement;
  const commands = scope.context.commands;
  const command = commands.find((candidate) => candidate.name.toLowerCase() === name.value.toLowerCase());
  if (!command) {
    const near = suggestName(
      name.value,
      commands.map((candidate) => candidate.name),
    );
    const known = commands.map((candidate) => `!${candidate.name}`).join(", ");
    scope.error("unknown-command", `no command is called !${name.value}`, name.span, {
      suggestion: near ? `Did you mean \`!${near}\`?` : `The commands are ${known}.`,
      ...(near && { replacement: near }),
    });
    return;
  }
  const usage = { suggestion: `Write it as: ${command.usage}` };
  const { minimumArguments: least, maximumArguments: most = Infinity, firstArguments } = command;
  if (given.length < least) {
    scope.error(
      "wrong-arguments",
      `!${name.value} needs ${count(least)}, not ${given.length}`,
      statement.span,
      usage,
    );
    return;
  }
  if (given.length > most) {
    const span = given[most]?.span ?? statement.span;
    scope.error(
      "wrong-arguments",
      `!${name.value} takes at most ${count(most)}, not ${given.length}`,
      span,
      usage,
    );
    return;
  }
  const first = given[0];
  const word = first && scope.valueOf(first);
  if (
    first &&
    word !== undefined &&
    firstArguments &&
    !firstArguments.some((item) => sameFirst(item, word))
  ) {
    const near = suggestName(word, firstArguments);
    scope.error("wrong-arguments", `!${name.value} knows no ${word}`, first.span, {
      suggestion: near ? `Did you mean \`${near}\`?` : usage.suggestion,
      ...(near && { replacement: near }),
    });
  }
  for (const index of command.tableArguments ?? []) {
    const argument = given[index];
    const table = argument && scope.valueOf(argument);
    if (argument && table !== undefined) checkTable(scope, later, table, argument.span);
  }
}

/** `et/params/X` is a form of `et/params`. */
function sameFirst(known: string, given: string): boolean {
  const [wanted, word] = [known.toLowerCase(), given.toLowerCase()];
  return word === wanted || word.startsWith(`${wanted}/`);
}

function count(arguments_: number): string {
  return arguments_ === 1 ? "1 argument" : `${arguments_} arguments`;
}
