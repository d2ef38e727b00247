import type { Command } from "commander";
import { parseAddress, parseDuration, ADDRESS, DURATION, type HostPort } from "../gateway/units.ts";
import type { Done } from "./run-options.ts";
import { parseCount } from "./targets.ts";
import { UsageError } from "./usage-error.ts";

const help = `
  duet gateway                             two Sail drivers of this machine behind sc://127.0.0.1:15002
  duet gateway --spark apache --drivers 3
  duet gateway --config gateway.toml       drivers, pools, users, limits, TLS: see docs/gateway.md

Ctrl-C or SIGTERM ends it: running calls have a moment, drivers that it has started end with it. SIGUSR2 opens its log
and audit trail anew, after they were renamed.`;

interface GatewayFlags {
  readonly config?: string;
  readonly listen?: string;
  readonly admin?: string;
  readonly spark?: string;
  readonly drivers?: string;
  readonly json?: true;
}

/** Adds `duet gateway` and `duet drivers` to the command line. */
export function addGatewayCommands(program: Command, done: Done): void {
  program
    .command("gateway")
    .description("run one Spark Connect address for a pool of Spark drivers")
    .option("--config <file>", "a file with a table [gateway]; default: the nearest duet.toml that has one")
    .option("--listen <host:port>", "where clients connect; default: 127.0.0.1:15002")
    .option("--admin <host:port>", "metrics, health and duet drivers; default: 127.0.0.1:15003")
    .option("--spark <spark>", "sail or apache, where the configuration names no drivers; default: sail")
    .option("--drivers <n>", "how many of them; default: 2")
    .option("--json", "print where it listens as JSON")
    .addHelpText("after", help)
    .action(async (flags: GatewayFlags) => {
      const { gatewayCommand } = await import("./gateway-command.ts");
      const { config, listen, admin, spark, drivers, json } = flags;
      if (spark !== undefined && spark !== "sail" && spark !== "apache")
        throw new UsageError(`--spark ${spark} is neither sail nor apache`);
      done(
        await gatewayCommand({
          json: json === true,
          ...(config === undefined ? {} : { file: config }),
          ...(listen === undefined ? {} : { listen: readAddress("--listen", listen) }),
          ...(admin === undefined ? {} : { admin: readAddress("--admin", admin) }),
          ...(spark === undefined ? {} : { spark }),
          ...(drivers === undefined ? {} : { count: parseCount("--drivers", drivers, 1, 100) }),
        }),
      );
    });
  addDrivers(program, done);
}

interface AdminFlags {
  readonly admin?: string;
  readonly json?: true;
}

interface RollFlags extends AdminFlags {
  readonly pool?: string;
  readonly deadline?: string;
}

function addDrivers(program: Command, done: Done): void {
  const drivers = program
    .command("drivers")
    .description("see and steer the drivers of a gateway")
    .addHelpText(
      "after",
      "\nThe gateway of this machine is found by itself. --admin names another one; its token is in DUET_ADMIN_TOKEN then.",
    );
  const command = (words: string, description: string): Command =>
    drivers
      .command(words)
      .description(description)
      .option("--admin <url>", "the admin listener, http://host:15003; default: the gateway of this machine")
      .option("--json", "print the result as JSON, one object a line");
  const common = (flags: AdminFlags) => ({ admin: flags.admin, json: flags.json === true });
  command("ls", "list the drivers: state, version, sessions, running operations, and why")
    .option("-w, --watch", "show them live until Ctrl-C")
    .action(async (flags: AdminFlags & { watch?: true }) => {
      const { listDrivers } = await import("./drivers-list-command.ts");
      done(await listDrivers({ ...common(flags), watch: flags.watch === true }));
    });
  command("add", "add a driver that runs elsewhere; all gateways of the same state store take it")
    .argument("<host:port>", "where its Spark Connect server listens")
    .option("--id <id>", "its name; default: the address")
    .option("--pool <pool>", "the label that clients choose by", "default")
    .option("--capacity <n>", "sessions at once", "100")
    .option("--label <version>", "the version to show; default: what it says")
    .action(async (address: string, flags: AdminFlags & AddFlags) => {
      const { addDriver } = await import("./drivers-commands.ts");
      const { host, port } = readAddress("driver", address);
      const { id = address.replaceAll(/[^A-Za-z0-9._-]/gu, "-"), pool, capacity, label } = flags;
      const version = label === undefined ? {} : { version: label };
      const driver = { id, host, port, pool, capacity: parseCount("--capacity", capacity, 1), ...version };
      done(await addDriver({ ...common(flags), driver }));
    });
  command("drain", "move a driver's sessions to others and stop it; running operations finish first")
    .argument("<id>", "the driver")
    .option("--deadline <duration>", "how long they have; then it stops all the same")
    .action(async (id: string, flags: RollFlags) => {
      const { drainDriver } = await import("./drivers-commands.ts");
      done(await drainDriver({ ...common(flags), id, ...deadlineOf(flags) }));
    });
  command("restart", "restart the drivers that the gateway has started, one after the other")
    .requiredOption("--rolling", "one after the other: sessions move on, none is lost")
    .option("--pool <pool>", "only those of this pool")
    .option("--deadline <duration>", "how long the operations of each have")
    .action(async (flags: RollFlags) => {
      const { restartDrivers } = await import("./drivers-commands.ts");
      done(await restartDrivers({ ...common(flags), ...rollOf(flags) }));
    });
  command("upgrade", "replace Apache Spark drivers by another version, one after the other")
    .requiredOption("--spark <version>", "a version like 4.1.1, which is installed where it is not there")
    .option("--pool <pool>", "only those of this pool")
    .option("--deadline <duration>", "how long the operations of each have")
    .action(async (flags: RollFlags & { spark: string }) => {
      const { upgradeDrivers } = await import("./drivers-commands.ts");
      done(await upgradeDrivers({ ...common(flags), ...rollOf(flags), version: flags.spark }));
    });
}

interface AddFlags {
  readonly id?: string;
  readonly pool: string;
  readonly capacity: string;
  readonly label?: string;
}

function rollOf(flags: RollFlags): { readonly pool?: string; readonly deadline?: number } {
  return { ...(flags.pool === undefined ? {} : { pool: flags.pool }), ...deadlineOf(flags) };
}

function deadlineOf({ deadline }: RollFlags): { readonly deadline?: number } {
  if (deadline === undefined) return {};
  const milliseconds = parseDuration(deadline);
  if (milliseconds === undefined) throw new UsageError(`--deadline ${deadline} is not ${DURATION}`);
  return { deadline: milliseconds };
}

function readAddress(what: string, text: string): HostPort {
  const address = parseAddress(text);
  if (address === undefined) throw new UsageError(`${what} ${text} is not ${ADDRESS}`);
  return address;
}
