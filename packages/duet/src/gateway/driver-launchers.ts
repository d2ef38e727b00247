import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { apacheSpark, type DriverLauncher, driverAt, sail } from "@duet/gateway";
import { environmentPython, pythonPath } from "../embedded/installation.ts";
import { findJava } from "../embedded/java.ts";
import { packageFolder, packageVersion } from "../embedded/package-version.ts";
import type { ConfiguredDriver, DriverSource } from "./configuration.ts";

type SparkSource = Extract<DriverSource, { kind: "spark" }>;

/** Where launchers find what they need. */
export interface LauncherPlaces {
  /** `$DUET_HOME` */
  readonly home: string;
  /** Gets the lines of an installation. */
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
}

/** A folder of the driver's own, for its log and what it leaves behind. */
export const driverFolder = (home: string, id: string): string => join(home, "gateway", "drivers", id);

/**
 * Makes what starts a driver. Rejects when something that it needs is not there.
 * @throws {EngineStartError} `not-set-up`, `java-missing`, `java-too-old`
 * @throws {ScriptEnvironmentError} a version of Spark that cannot be installed
 */
export async function driverLauncher(
  { id, source }: Pick<ConfiguredDriver, "id" | "source">,
  places: LauncherPlaces,
): Promise<DriverLauncher> {
  if (source.kind === "address") return driverAt(source.address);
  const directory = driverFolder(places.home, id);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const common = { python: environmentPython(".venv"), packages: pythonPath, directory };
  if (source.kind === "sail") {
    const { memory, environment } = source;
    return sail({ ...common, memory, environment });
  }
  await findJava();
  const { sparkHome, python } = await sparkInstallation(source, places);
  const { master, settings, environment } = source;
  return apacheSpark({
    ...{ ...common, sparkHome, master },
    settings: {
      // Spark tells of each health check at INFO.
      "spark.log.level": "WARN",
      ...(master.startsWith("local") ? { "spark.sql.warehouse.dir": join(directory, "warehouse") } : {}),
      ...settings,
    },
    environment: { ...(python === undefined ? {} : { PYSPARK_PYTHON: python }), ...environment },
  });
}

/** A launcher like a driver's own, but of another version of Spark. */
export function upgradedLauncher(
  { id, source }: ConfiguredDriver,
  version: string,
  places: LauncherPlaces,
): Promise<DriverLauncher> {
  if (source.kind !== "spark")
    throw new RangeError(`the driver ${id} is no Apache Spark that this gateway has started`);
  return driverLauncher({ id: `${id}-${version}`, source: { ...source, version, home: undefined } }, places);
}

interface SparkInstallation {
  readonly sparkHome: string;
  /** For the executors of this machine; undefined: whatever the environment or the settings say. */
  readonly python: string | undefined;
}

/** A Spark that is there, or one that is installed by its version now. */
async function sparkInstallation(source: SparkSource, places: LauncherPlaces): Promise<SparkInstallation> {
  const { home, version } = source;
  if (home !== undefined) return { sparkHome: home, python: undefined };
  const isOurs = version === undefined || version === packageVersion(".venv-apache", "pyspark");
  const python = isOurs ? environmentPython(".venv-apache") : await installedPython(version, places);
  const environment = dirname(dirname(python));
  return { sparkHome: packageFolder(environment, "pyspark") ?? environment, python };
}

async function installedPython(version: string, { home, onLine, signal }: LauncherPlaces): Promise<string> {
  const { installSparkRelease } = await import("@duet/python-script");
  const installation = { python: environmentPython(".venv"), pythonPath, home };
  return installSparkRelease({ installation, onBuild: onLine, onLine, signal }, version);
}
