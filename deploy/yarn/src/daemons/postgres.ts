import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, globSync } from "node:fs";
import { chmod, chown, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ClusterError } from "../cluster-error.ts";
import type { Layout } from "../layout.ts";
import { METASTORE_DATABASE } from "../settings/hive.ts";
import type { Daemon } from "./daemon.ts";

const run = promisify(execFile);

/** The user of the database server's own; the metastore has another. */
const ADMINISTRATOR = "duet";

/** The folder of Debian's package, or of the newest of several. @throws {ClusterError} `postgres-missing` */
function binaries(): string {
  const newest = globSync("/usr/lib/postgresql/*/bin/postgres").sort().at(-1);
  if (newest !== undefined) return join(newest, "..");
  throw new ClusterError({
    code: "postgres-missing",
    message: "PostgreSQL is not on this machine",
    help: "run `npm run setup -- --cluster` as root, or install it (Debian, Ubuntu: apt-get install postgresql)",
  });
}

const IS_ROOT = process.getuid?.() === 0;

/**
 * How one of its programs is run. PostgreSQL refuses to be run by root: then the user of Debian's package runs it, who
 * may pass through root's own folders to the cluster's.
 */
function commandOf(program: string, options: readonly string[]): { program: string; arguments: string[] } {
  const path = join(binaries(), program);
  if (!IS_ROOT) return { program: path, arguments: [...options] };
  const owner = ["--reuid", "postgres", "--regid", "postgres", "--clear-groups"];
  const rights = ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"];
  return { program: "setpriv", arguments: [...owner, ...rights, "--", path, ...options] };
}

const passwordFile = ({ data }: Layout): string => join(data, "postgres-password");

/** The password of the server's users: made with it, and readable by its owner alone. */
export const postgresPassword = (layout: Layout): Promise<string> => readFile(passwordFile(layout), "utf8");

/** PostgreSQL with the metastore's database, whose tables Hive's own scripts make at the first start. */
export function postgres(layout: Layout): Daemon {
  const { ports } = layout;
  const folder = join(layout.data, "postgres");
  return {
    name: "postgres",
    title: "PostgreSQL",
    address: `127.0.0.1:${ports.postgres}`,
    ports: [ports.postgres],
    after: [],
    within: 120_000,
    grace: 10_000,
    endSignal: "SIGINT", // Its fast shutdown: clients that are connected do not hold it up.
    prepare: async (signal) => {
      if (!existsSync(join(folder, "PG_VERSION"))) await makeStorage(layout, folder, signal);
      const settings = {
        ...{ listen_addresses: "127.0.0.1", port: String(ports.postgres), unix_socket_directories: "" },
        ...{ shared_buffers: "16MB", max_connections: "60" },
      };
      const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
      const command = commandOf("postgres", ["-D", folder, ...flags]);
      return { ...command, environment: {}, workingDirectory: "/" };
    },
    answer: async (signal) => {
      const version = await psql(
        layout,
        ADMINISTRATOR,
        "postgres",
        ["-tAc", "show server_version"],
        signal,
      ).catch(() => undefined);
      signal.throwIfAborted();
      return version?.split(" ")[0]?.trim();
    },
    finish: async (signal) => {
      await makeMetastoreDatabase(layout, signal);
    },
  };
}

async function makeStorage(layout: Layout, folder: string, signal: AbortSignal): Promise<void> {
  // What an interrupted initdb has left is no storage.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  await writeFile(passwordFile(layout), randomBytes(18).toString("base64url"), { mode: 0o600 });
  if (IS_ROOT) {
    const { stdout } = await run("id", ["-u", "postgres"]);
    await chown(folder, Number(stdout), (await stat(folder)).gid);
  }
  const { program, arguments: arguments_ } = commandOf("initdb", [
    ...["-D", folder, "--username", ADMINISTRATOR, "--auth", "scram-sha-256"],
    ...["--pwfile", passwordFile(layout), "--encoding", "UTF8", "--locale", "C", "--no-sync"],
  ]);
  try {
    await run(program, arguments_, { cwd: "/", signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw failed("initdb", cause);
  }
  await chmod(folder, 0o700);
}

/** Hive's schema of 2.3: the last one that its scripts hold whole before, and the upgrades from there. */
const SCHEMA = [
  "hive-schema-1.2.0",
  "upgrade-1.2.0-to-2.0.0",
  "upgrade-2.0.0-to-2.1.0",
  "upgrade-2.1.0-to-2.2.0",
  "upgrade-2.2.0-to-2.3.0",
];

async function makeMetastoreDatabase(layout: Layout, signal: AbortSignal): Promise<void> {
  const ask = (query: string) => psql(layout, ADMINISTRATOR, "postgres", ["-tAc", query], signal);
  if ((await ask(`select 1 from pg_roles where rolname = '${METASTORE_DATABASE}'`)).trim() !== "1") {
    const password = await postgresPassword(layout);
    await ask(`create role ${METASTORE_DATABASE} login password '${password}'`);
  }
  if ((await ask(`select 1 from pg_database where datname = '${METASTORE_DATABASE}'`)).trim() !== "1")
    await ask(`create database ${METASTORE_DATABASE} owner ${METASTORE_DATABASE}`);
  const askMetastore = (arguments_: readonly string[]) =>
    psql(layout, METASTORE_DATABASE, METASTORE_DATABASE, arguments_, signal);
  if ((await askMetastore(["-tAc", `select to_regclass('"VERSION"')`])).trim() !== "") return;
  const scripts = SCHEMA.map((name) => join(layout.root, `.cluster/metastore/schema/${name}.postgres.sql`));
  // In one transaction: a schema that is there is whole.
  await askMetastore(["--single-transaction", ...scripts.flatMap((script) => ["-f", script])]);
}

async function psql(
  layout: Layout,
  user: string,
  database: string,
  arguments_: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const server = ["-h", "127.0.0.1", "-p", String(layout.ports.postgres), "-U", user, "-d", database];
  const options = [...server, "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", ...arguments_];
  const env = { ...process.env, PGPASSWORD: await postgresPassword(layout), PGCONNECT_TIMEOUT: "5" };
  try {
    return (await run(join(binaries(), "psql"), options, { env, signal, maxBuffer: 2 ** 24 })).stdout;
  } catch (cause) {
    signal.throwIfAborted();
    throw failed("psql", cause);
  }
}

function failed(program: string, cause: unknown): ClusterError {
  return new ClusterError({
    code: "database-failed",
    message: `${program} failed`,
    help: "the lines above are its own; mend what they name and run the same command again",
    details: String((cause as { stderr?: unknown }).stderr)
      .trimEnd()
      .split("\n")
      .slice(-10),
    cause,
  });
}
