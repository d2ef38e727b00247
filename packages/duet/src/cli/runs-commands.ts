import type { Command } from "commander";
import { duetHome } from "../embedded/installation.ts";
import type { Done } from "./run-options.ts";
import { parseCount } from "./targets.ts";

const profileOption = ["--profile <name>", "a profile of duet.toml whose cluster is asked"] as const;

/** Adds `duet runs`, `duet logs` and `duet stop` to the command line. */
export function addRunsCommands(program: Command, done: Done): void {
  program
    .command("runs")
    .description("list runs, here and on the profile's cluster")
    .option(...profileOption)
    .option("-n, --number <n>", "how many at most", "20")
    .option("--json", "print the result as JSON")
    .action(async (flags: { profile?: string; number: string; json?: true }) => {
      const { runsCommand } = await import("./runs-command.ts");
      const most = parseCount("--number", flags.number, 1);
      done(await runsCommand({ profile: flags.profile, most, json: flags.json === true }));
    });
  program
    .command("logs")
    .description("print what a run has printed: standard output and standard error, as they were")
    .argument("<run>", "a run's id, a part of it, or last")
    .option("-f, --follow", "go on until the run ends, with its exit code then; Ctrl-C leaves it running")
    .option(...profileOption)
    .action(async (run: string, flags: { follow?: true; profile?: string }) => {
      const { logsCommand } = await import("./logs-command.ts");
      done(await logsCommand({ run, follow: flags.follow === true, profile: flags.profile }));
    });
  program
    .command("keep", { hidden: true })
    .description("run duet as a run of the background, and keep what it prints")
    .argument("<run>", "the run's id")
    .argument("<parameters...>", "the parameters of duet")
    .action(async (run: string, parameters: readonly string[]) => {
      const { keepOutput } = await import("../runs/detached-run.ts");
      done(await keepOutput(duetHome(), run, parameters));
    });
  program
    .command("stop")
    .description("stop a run, as Ctrl-C would, and wait until it has ended")
    .argument("<run>", "a run's id, a part of it, or last")
    .option(...profileOption)
    .action(async (run: string, flags: { profile?: string }) => {
      done(await (await import("./stop-command.ts")).stopCommand({ run, profile: flags.profile }));
    });
}
