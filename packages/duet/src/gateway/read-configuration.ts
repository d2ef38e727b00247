import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { duetHome } from "../embedded/installation.ts";
import { profileFiles } from "../profiles/profile-files.ts";
import type { ConfigurationFlags, GatewayConfiguration } from "./configuration.ts";
import { ConfigurationError } from "./configuration-error.ts";
import { type ConfigurationFile, parseConfiguration } from "./parse-configuration.ts";
import { resolveConfiguration } from "./resolve-configuration.ts";

/** Where a configuration is looked for; left out: the process's own. */
export interface ConfigurationPlaces {
  readonly directory?: string;
  /** `$DUET_HOME` */
  readonly home?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Gives a gateway's configuration: the table `[gateway]` of the file that is named, else of the nearest `duet.toml` that
 * has one (from the working directory upwards, then in `$DUET_HOME`), else the defaults.
 * @throws {ConfigurationError} with all mistakes and their lines
 */
export async function readConfiguration(
  flags: ConfigurationFlags = {},
  places: ConfigurationPlaces = {},
): Promise<GatewayConfiguration> {
  const home = places.home ?? duetHome();
  const environment = places.environment ?? process.env;
  const files =
    flags.file === undefined
      ? await profileFiles(places.directory ?? process.cwd(), home)
      : [await readNamed(flags.file)];
  for (const file of files) {
    const table = parseConfiguration(file);
    if (table !== undefined) return resolveConfiguration({ table, file, flags, home, environment });
  }
  if (flags.file !== undefined) {
    throw new ConfigurationError("configuration-missing", `${flags.file} has no table [gateway]`);
  }
  const none = { path: `${dirname(home)}/duet.toml`, source: "" };
  return { ...resolveConfiguration({ table: {}, file: none, flags, home, environment }), file: undefined };
}

async function readNamed(path: string): Promise<ConfigurationFile> {
  try {
    return { path, source: await readFile(path, "utf8") };
  } catch (error) {
    throw new ConfigurationError(
      "configuration-missing",
      `${path} cannot be read: ${(error as Error).message}`,
    );
  }
}
