import type { Command } from "commander";
import { exitCodeHelp } from "./exit-code.ts";
import { isPythonScript } from "./script-arguments.ts";
import type { Profile } from "../profiles/profile.ts";
import { takeBackgroundRun } from "../runs/background-run.ts";
import { mlsqlTargets, scriptPlace } from "./profile-targets.ts";
import { parseVariable, readSize, type SizeFlags } from "./targets.ts";
import { UsageError } from "./usage-error.ts";

/** Takes the exit code of the command that ran. */
export type Done = (exitCode: number) => void;

const help = `
An MLSQL script:
  duet run train.mlsql                     on the embedded engines: Sail and a one-node Ray
  duet run train.mlsql --set day=2026-11-01 --spark apache
  duet run -e 'select 1 as a as t;'        a script from the command line
  cat train.mlsql | duet run -             a script from standard input

A Python script, as \`python train.py …\` would run it; Duet's options stand before it, its own after it:
  duet run train.py --epochs 3             Spark sessions and ray.init() in it get the engines
  duet run --env environment.yml train.py  with the packages that the file names (or the script's own metadata)
  duet run --spark classic train.py        a driver in the script's process, for RDDs; needs Java
  duet run --profile work train.py         on the Ray cluster that duet.toml names, with its Spark
  duet run --profile work -d train.py      there, in the background: prints the run's id for duet logs and duet stop

Both:
  duet run --gpus 2 train.py               declares two logical GPUs, to try out a script that asks for them
  duet run --json train.mlsql | jq .type   run events, one a line

Results (tables, messages, what user code prints) go to standard output, everything about the run to standard error.

${exitCodeHelp}
A Python script's exit code is its own.`;

interface RunFlags extends SizeFlags {
  readonly expression?: string;
  readonly spark?: string;
  readonly ray?: string;
  readonly profile?: string;
  readonly here?: true;
  readonly detach?: true;
  readonly folder?: string;
  readonly env?: string;
  readonly python?: string;
  readonly set?: readonly string[];
  readonly json?: true;
  readonly quiet?: true;
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** Adds `duet run` to the command line. */
export function addRun(program: Command, done: Done): void {
  program
    .command("run")
    .description("run an MLSQL script or a Python script")
    .argument("[file]", "the script; - for MLSQL from standard input")
    .argument("[arguments...]", "a Python script's own arguments")
    .option("-e, --expression <script>", "an MLSQL script itself")
    .option("--profile <name>", "the engines of a profile in duet.toml; default: DUET_PROFILE, else embedded")
    .option("--spark <spark>", "sail, apache, classic (Python), or an address sc://host:port; default: sail")
    .option("--ray <ray>", "local, or the address of a bridge http://host:port (token in DUET_RAY_TOKEN)")
    .option("--here", "run a Python script here, against the engines of a cluster's profile")
    .option("-d, --detach", "run a Python script in the background; see duet runs, logs and stop")
    .option("--folder <path>", "what is sent to the cluster with a Python script; default: its folder")
    .option("--cpus <n>", "logical CPUs of the embedded Ray")
    .option("--gpus <n>", "logical GPUs of the embedded Ray")
    .option("--resources <json>", "custom resources of the embedded Ray, e.g. '{\"licence\": 3}'")
    .option("--env <file>", "Python packages: a conda YAML, requirements.txt or pyproject.toml")
    .option("--python <path>", "the Python that runs a Python script")
    .option("--set <name=value>", "set a variable of an MLSQL script (may be repeated)", collect)
    .option("--json", "print run events, one JSON object a line")
    .option("-q, --quiet", "print results and mistakes only")
    .addHelpText("after", help)
    .action(async (file: string | undefined, parameters: readonly string[], flags: RunFlags) => {
      const isScript = file !== undefined && flags.expression === undefined && isPythonScript(file);
      done(await (isScript ? runPython(file, parameters, flags) : runMlsql(file, parameters, flags)));
    });
}

async function runMlsql(
  file: string | undefined,
  parameters: readonly string[],
  flags: RunFlags,
): Promise<number> {
  const [first] = parameters;
  if (first !== undefined) {
    throw new UsageError(
      `${first} is one argument too many: an MLSQL script takes none`,
      "give it variables: --set name=value",
    );
  }
  refuse(flags, ["env", "python", "here", "detach", "folder"], "is for Python scripts");
  const profile = await profileOf(flags);
  const options = {
    ...{ file, expression: flags.expression, profile: profile.name },
    ...mlsqlTargets(flags, profile),
    ...readSize(flags),
    variables: Object.fromEntries((flags.set ?? []).map(parseVariable)),
    json: flags.json === true,
    quiet: flags.quiet === true,
  };
  return (await import("./run-command.ts")).runCommand(options);
}

async function runPython(file: string, parameters: readonly string[], flags: RunFlags): Promise<number> {
  if (flags.set !== undefined) {
    throw new UsageError(
      "--set sets variables of MLSQL scripts",
      `give a Python script arguments: duet run ${file} name=value`,
    );
  }
  const background = takeBackgroundRun();
  if (flags.detach === true && flags.json === true)
    throw new UsageError("--json and --detach exclude each other");
  const profile = await profileOf(flags);
  const place = scriptPlace(flags, profile);
  const shared = {
    ...{ file, arguments: parameters, profile, environmentFile: flags.env },
    ...{ json: flags.json === true, quiet: flags.quiet === true },
  };
  if (place.kind === "cluster") {
    refuse(
      flags,
      ["spark", "python", "cpus", "gpus", "resources"],
      `has no effect on the cluster of the profile ${profile.name}`,
    );
    const { clusterCommand } = await import("./cluster-command.ts");
    return clusterCommand({ ...shared, folder: flags.folder, detach: flags.detach === true });
  }
  refuse(flags, ["folder"], "is for scripts that are sent to a cluster");
  if (flags.detach === true && background === undefined) {
    return (await import("./detach-command.ts")).detachCommand();
  }
  const { spark, ray } = place;
  const options = { ...shared, ...readSize(flags), spark, ray, interpreter: flags.python, run: background };
  return (await import("./script-command.ts")).scriptCommand(options);
}

async function profileOf({ profile, spark, ray }: RunFlags): Promise<Profile> {
  const { EMBEDDED_PROFILE } = await import("../profiles/profile.ts");
  // Who names both engines needs no profile.
  if (profile === undefined && spark !== undefined && ray !== undefined) return EMBEDDED_PROFILE;
  return (await import("../profiles/read-profile.ts")).readProfile(profile);
}

function refuse(flags: RunFlags, names: readonly (keyof RunFlags)[], why: string): void {
  for (const name of names) if (flags[name] !== undefined) throw new UsageError(`--${name} ${why}`);
}
