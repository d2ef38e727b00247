import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { addEnvironmentsCommands } from "./environments-commands.ts";
import { exitCodeHelp } from "./exit-code.ts";
import { addGatewayCommands } from "./gateway-commands.ts";
import { addRun, type Done } from "./run-options.ts";
import { addRunsCommands } from "./runs-commands.ts";
import { parseCount, parseSparkTarget, readSize, type SizeFlags } from "./targets.ts";

const examples = `
Examples:
  duet run train.mlsql
  duet run train.py --epochs 3             an ordinary Python script, as python train.py --epochs 3
  duet run -e 'select 1 as a as t;'
  duet up                                  keeps the engines warm: later runs start at once
  duet gateway                             one Spark address for several drivers; see duet drivers
  duet models show /tmp/model
  duet doctor                              what is there, what is missing, what to do

${exitCodeHelp}`;

/** The command line. What a command needs is loaded when it runs. */
export function createProgram(done: Done): Command {
  const program = new Command("duet")
    .description("One script, two engines: data is prepared in Spark, models are trained and applied in Ray.")
    .version(readVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .addHelpText("after", examples)
    .showHelpAfterError("(duet --help shows what there is)")
    .exitOverride();
  addRun(program, done);
  addEngines(program, done);
  addModels(program, done);
  addRunsCommands(program, done);
  addEnvironmentsCommands(program, done);
  addGatewayCommands(program, done);
  program
    .command("doctor")
    .description("check this machine and the set-up; every finding says what to do")
    .option("--json", "print the findings as JSON")
    .option("--no-engines", "do not start engines for a try")
    .option("--profile <name>", "check every link to the engines of a profile in duet.toml")
    .action(async (options: { json?: true; engines: boolean; profile?: string }) => {
      const { doctorCommand } = await import("./doctor-command.ts");
      const { json, engines, profile } = options;
      done(await doctorCommand({ json: json === true, engines, profile }));
    });
  return program;
}

interface UpFlags extends SizeFlags {
  readonly spark: string;
  readonly sparkPort?: string;
  readonly ray: boolean;
  readonly gateway?: true;
  readonly json?: true;
}

function addEngines(program: Command, done: Done): void {
  program
    .command("up")
    .description("start the embedded engines and keep them warm; duet run uses them")
    .option("--spark <spark>", "sail or apache", "sail")
    .option("--spark-port <port>", "port of 127.0.0.1 for Spark Connect; default: a free one")
    .option("--gateway", "two drivers of this Spark behind one address, as duet gateway has them")
    .option("--no-ray", "Spark only")
    .option("--cpus <n>", "logical CPUs of Ray")
    .option("--gpus <n>", "logical GPUs of Ray")
    .option("--resources <json>", "custom resources of Ray")
    .option("--json", "print the result as JSON")
    .action(async (flags: UpFlags) => {
      const { upCommand } = await import("./up-command.ts");
      const port =
        flags.sparkPort === undefined
          ? {}
          : { sparkPort: parseCount("--spark-port", flags.sparkPort, 1, 65_535) };
      const spark = parseSparkTarget(flags.spark);
      done(
        await upCommand({
          ...{ spark, ray: flags.ray, gateway: flags.gateway === true, ...port, ...readSize(flags) },
          json: flags.json === true,
        }),
      );
    });
  program
    .command("down")
    .description("end the warm engines and wait until they have gone")
    .option("--json", "print the result as JSON")
    .action(async (flags: { json?: true }) => {
      done(await (await import("./down-command.ts")).downCommand({ json: flags.json === true }));
    });
  program
    .command("status")
    .description("show the warm engines")
    .option("--json", "print the result as JSON")
    .action(async (flags: { json?: true }) => {
      done(await (await import("./status-command.ts")).statusCommand({ json: flags.json === true }));
    });
}

function addModels(program: Command, done: Done): void {
  const models = program.command("models").description("look at trained models");
  models
    .command("ls")
    .description("list the models at a path and below it")
    .argument("[path]", "where to look", ".")
    .option("--json", "print the result as JSON")
    .action(async (path: string, flags: { json?: true }) => {
      done(await (await import("./models-command.ts")).listModels(path, flags.json === true));
    });
  models
    .command("show")
    .description("show a model's versions and groups: scores, metrics, parameters")
    .argument("<path>", "the model's path, as in the script that trained it")
    .option("--json", "print the result as JSON")
    .action(async (path: string, flags: { json?: true }) => {
      done(await (await import("./models-command.ts")).showModel(path, flags.json === true));
    });
}

function readVersion(): string {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")) as {
    version: string;
  };
  return manifest.version;
}
