import type { Command } from "commander";
import type { Done } from "./run-options.ts";
import { parseCount } from "./targets.ts";

/** Adds `duet environments ls` and `duet environments prune` to the command line. */
export function addEnvironmentsCommands(program: Command, done: Done): void {
  const environments = program
    .command("environments")
    .description("look at the Python environments that were built for scripts, and remove old ones");
  environments
    .command("ls")
    .description("list the built environments, the last used first")
    .option("--json", "print the result as JSON")
    .action(async (flags: { json?: true }) => {
      const { listEnvironmentsCommand } = await import("./environments-command.ts");
      done(await listEnvironmentsCommand(flags.json === true));
    });
  environments
    .command("prune")
    .description("remove environments that were not used lately; a script that needs one builds it anew")
    .option("--days <n>", "those not used for so many days; 0: all", "30")
    .option("--json", "print the result as JSON")
    .action(async (flags: { days: string; json?: true }) => {
      const { pruneEnvironmentsCommand } = await import("./environments-command.ts");
      const days = parseCount("--days", flags.days, 0);
      done(await pruneEnvironmentsCommand(days, flags.json === true));
    });
}
