import { type Command, CommanderError } from "commander";
import { EngineStartError } from "../embedded/engine-start-error.ts";
import { exitCode } from "./exit-code.ts";
import { Interrupted } from "./interruption.ts";
import { printError } from "./print-error.ts";
import { createProgram } from "./program.ts";
import { separateScript } from "./script-arguments.ts";
import { UsageError } from "./usage-error.ts";

/** Runs the command line and ends the process with its exit code. */
export async function main(parameters: readonly string[]): Promise<never> {
  let code: number = exitCode.succeeded;
  try {
    const program = createProgram((result) => (code = result));
    await program.parseAsync(separateScript(parameters, takesValue(program)), { from: "user" });
  } catch (error) {
    code = reportFailure(error);
  }
  // Idle connections and timers of clients must not keep the process.
  return process.exit(code);
}

/** Which options of `duet run` have their value in the next word. */
function takesValue(program: Command): (option: string) => boolean {
  const options = program.commands.find((command) => command.name() === "run")?.options ?? [];
  return (word) =>
    options.some((option) => option.required && (option.short === word || option.long === word));
}

/** Prints what a person can act on; anything else is a bug and says so. */
function reportFailure(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.succeeded : exitCode.mistakes;
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof UsageError) {
    printError(error);
    return exitCode.mistakes;
  }
  if (error instanceof EngineStartError) {
    printError(error);
    return exitCode.engine;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  printError({
    code: "internal-error",
    message: "this is a bug of Duet",
    details: stack.split("\n"),
    help: "please report it with these lines",
  });
  return exitCode.failed;
}
