import { globSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  apacheSpark,
  type DriverLauncher,
  type DriverState,
  type Gateway,
  type GatewayOptions,
  sail,
  startGateway,
} from "../index.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..", "..");

/** The interpreter of the tests: stock client, Sail, keeper. */
export const PYTHON = join(ROOT, ".venv", "bin", "python");

const HOME = { python: PYTHON, packages: join(ROOT, "python") };

/** A gateway with a folder of its own for what its drivers leave behind. */
export interface StartedGateway extends Gateway {
  readonly folder: string;
  /** Starts a driver of this kind in a folder of its own. */
  launcher(kind: "sail" | "apache", id: string): Promise<DriverLauncher>;
}

/** Starts a gateway without drivers. */
export async function startTestGateway(options: GatewayOptions = {}): Promise<StartedGateway> {
  const folder = await mkdtemp(join(tmpdir(), "duet-gateway-"));
  const gateway = await startGateway(options);
  return {
    url: gateway.url,
    pool: gateway.pool,
    events: gateway.events,
    get sessions() {
      return gateway.sessions;
    },
    folder,
    launcher: async (kind, id) => {
      const directory = join(folder, id);
      await mkdir(directory);
      return kind === "sail" ? sail({ ...HOME, directory }) : apache(directory);
    },
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when the driver is in this state; rejects with its story when it is stopped instead. */
export async function untilState(gateway: Gateway, id: string, state: DriverState): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const check = (is: DriverState | undefined) => {
    if (is === state) resolve(undefined);
    else if (is === "stopped") reject(new Error(`the driver ${id} was stopped`));
  };
  const listening = gateway.pool.listen(({ driver }) => {
    if (driver.id === id) check(driver.state);
  });
  check(gateway.pool.drivers.find((driver) => driver.id === id)?.state);
  try {
    await promise;
  } finally {
    listening[Symbol.dispose]();
  }
}

function apache(directory: string): DriverLauncher {
  const environment = join(ROOT, ".venv-apache");
  const [sparkHome = environment] = globSync(
    join(environment, "lib", "python3.*", "site-packages", "pyspark"),
  );
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
    environment: { PYSPARK_PYTHON: join(environment, "bin", "python") },
  });
}
