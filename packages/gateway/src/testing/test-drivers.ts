import { globSync, readdirSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DriverConnection } from "../proxy/driver-connection.ts";
import type { DriverLauncher } from "../drivers/launcher.ts";
import { apacheSpark, sail } from "../drivers/local-drivers.ts";
import { localProcess } from "../drivers/local-process.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..", "..");

/** The interpreter of the tests: stock client, Sail, keeper. */
export const PYTHON = join(ROOT, ".venv", "bin", "python");

const HOME = { python: PYTHON, packages: join(ROOT, "python") };

const APACHE = join(ROOT, ".venv-apache");

/** Starts a driver of this kind in a folder of its own below `folder`, again and again. */
export async function testLauncher(
  kind: "sail" | "apache",
  folder: string,
  id: string,
): Promise<DriverLauncher> {
  const directory = join(folder, id);
  await mkdir(directory);
  if (kind === "sail") return sail({ ...HOME, directory });
  const [sparkHome = APACHE] = globSync(join(APACHE, "lib", "python3.*", "site-packages", "pyspark"));
  return apacheSpark({
    ...HOME,
    directory,
    sparkHome,
    master: "local[2]",
    settings: {
      "spark.connect.progress.reportInterval": "200ms",
      // Starts in half the time on a busy machine: no second compiler, no collector threads.
      "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
      "spark.driver.memory": "2g",
      "spark.sql.shuffle.partitions": "2",
      "spark.sql.warehouse.dir": join(directory, "warehouse"),
    },
    environment: { PYSPARK_PYTHON: join(APACHE, "bin", "python") },
  });
}

/** A driver that ends as soon as it is started. */
export function endingDriver(): DriverLauncher {
  return localProcess({
    program: process.execPath,
    arguments: () => ["-e", "console.error('no licence'); process.exitCode = 3"],
    environment: {},
    workingDirectory: tmpdir(),
    logFile: "/dev/null",
    grace: 1_000,
  });
}

/**
 * The process that serves a driver: of Sail the one that was told the port, of Apache Spark the Java process.
 * @throws when there is none.
 */
export function driverProcess(connection: DriverConnection | undefined): number {
  const port = String(connection?.address.port);
  const wanted = [`\0--port\0${port}\0`, `\0--conf\0spark.connect.grpc.binding.port=${port}\0`];
  const pids = readdirSync("/proc").filter((name) => /^\d+$/u.test(name));
  const pid = pids.find((name) => {
    const [program = "", ...rest] = commandLine(name);
    const line = `\0${rest.join("\0")}`;
    return (
      wanted.some((text) => line.includes(text)) &&
      /(?:python[\d.]*|java)$/u.test(program) &&
      !rest.includes("command")
    );
  });
  if (pid === undefined) throw new Error(`no process serves port ${port}`);
  return Number(pid);
}

function commandLine(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return []; // It has ended meanwhile.
  }
}
