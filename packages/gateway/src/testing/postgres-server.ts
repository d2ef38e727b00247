import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, globSync } from "node:fs";
import { chown, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { Client } from "pg";
import { freePort } from "../drivers/free-port.ts";

/** A PostgreSQL of its own: folder, port, user and password. Disposing of it ends it and removes the folder. */
export interface PostgresServer extends AsyncDisposable {
  readonly port: number;
  /** Makes a new database and gives its address. */
  database(): Promise<string>;
  /** Ends it: as on request, or as by a power cut. */
  stop(how: "fast" | "crash"): Promise<void>;
  /** Starts it again on the same port; resolves when it answers. */
  start(): Promise<void>;
  /** Lets all its processes hang, or go on. */
  signal(signal: "SIGSTOP" | "SIGCONT"): Promise<void>;
}

const ROOT = join(import.meta.dirname, "..", "..", "..", "..");

/** PostgreSQL refuses to be run by root: then it is run by `nobody`. */
const OWNER = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : undefined;

/** Starts PostgreSQL, from Debian's package or from the path. */
export async function startPostgres(): Promise<PostgresServer> {
  const binaries = findBinaries();
  // Root's own temporary folder may be closed to others.
  const folder = await mkdtemp(join(OWNER === undefined ? tmpdir() : "/tmp", "duet-postgres-"));
  try {
    const password = randomBytes(12).toString("hex");
    const passwordFile = join(folder, "password");
    await writeFile(passwordFile, password, { mode: 0o600 });
    if (OWNER !== undefined) {
      for (const path of [folder, passwordFile]) await chown(path, OWNER.uid, OWNER.gid);
    }
    const data = join(folder, "data");
    await promisify(execFile)(
      join(binaries, "initdb"),
      [
        ...["--pgdata", data, "--username", "duet", "--auth", "scram-sha-256", "--pwfile", passwordFile],
        ...["--encoding", "UTF8", "--locale", "C", "--no-sync"],
      ],
      { cwd: folder, ...OWNER },
    );
    const server = new StartedPostgres(binaries, folder, password, await freePort());
    await server.start();
    return server;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

class StartedPostgres implements PostgresServer {
  readonly port: number;
  readonly #binaries: string;
  readonly #folder: string;
  readonly #password: string;
  #keeper: ChildProcess | undefined;
  #databases = 0;

  constructor(binaries: string, folder: string, password: string, port: number) {
    this.#binaries = binaries;
    this.#folder = folder;
    this.#password = password;
    this.port = port;
  }

  async start(): Promise<void> {
    await using log = await open(this.#log, "a");
    const settings = {
      port: this.port,
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      // What a test writes need not survive the machine's end.
      fsync: "off",
      full_page_writes: "off",
      shared_buffers: "16MB",
      max_connections: 60,
    };
    const command = [
      ...(OWNER === undefined
        ? []
        : ["setpriv", `--reuid=${OWNER.uid}`, `--regid=${OWNER.gid}`, "--clear-groups"]),
      ...[join(this.#binaries, "postgres"), "-D", join(this.#folder, "data")],
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ];
    // The keeper ends it when the test's process has gone, however that ended.
    const keeper = spawn(join(ROOT, ".venv", "bin", "python"), ["-m", "duet.keeper", "command", ...command], {
      cwd: this.#folder,
      env: { ...process.env, PYTHONPATH: join(ROOT, "python") },
      detached: true,
      stdio: ["pipe", log.fd, log.fd],
    });
    this.#keeper = keeper;
    await once(keeper, "spawn");
    const due = performance.now() + 60_000;
    while (!(await this.#answers())) {
      if (keeper.exitCode !== null || performance.now() > due) {
        throw new Error(`PostgreSQL did not start: ${await readFile(this.#log, "utf8")}`);
      }
      await pause(50);
    }
  }

  async database(): Promise<string> {
    this.#databases += 1;
    const name = `test_${this.#databases}`;
    const client = new Client({ connectionString: this.#url("postgres") });
    await client.connect();
    await client.query(`create database ${name}`);
    await client.end();
    return this.#url(name);
  }

  async stop(how: "fast" | "crash"): Promise<void> {
    const keeper = this.#keeper;
    if (keeper === undefined) return;
    this.#keeper = undefined;
    if (keeper.exitCode === null && keeper.signalCode === null) {
      const ended = once(keeper, "exit");
      process.kill(await this.#pid(), how === "fast" ? "SIGINT" : "SIGQUIT");
      await ended;
    }
  }

  async signal(signal: "SIGSTOP" | "SIGCONT"): Promise<void> {
    const pid = await this.#pid();
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
    for (const one of [pid, ...children.trim().split(" ").map(Number)]) process.kill(one, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("crash");
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #pid(): Promise<number> {
    const [pid] = (await readFile(join(this.#folder, "data", "postmaster.pid"), "utf8")).split("\n");
    return Number(pid);
  }

  get #log(): string {
    return join(this.#folder, "postgres.log");
  }

  #url(database: string): string {
    return `postgres://duet:${this.#password}@127.0.0.1:${this.port}/${database}`;
  }

  async #answers(): Promise<boolean> {
    const client = new Client({ connectionString: this.#url("postgres") });
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.query("select 1");
      return true;
    } catch {
      return false;
    } finally {
      await client.end();
    }
  }
}

function findBinaries(): string {
  // Debian puts each version into a folder of its own, and none of it on the path.
  const versions = globSync("/usr/lib/postgresql/*/bin").toSorted(
    (a, b) => Number(b.split("/")[4]) - Number(a.split("/")[4]),
  );
  const folders = [...versions, ...(process.env.PATH ?? "").split(delimiter)];
  const found = folders.find((folder) => existsSync(join(folder, "initdb")));
  if (found === undefined) throw new Error("PostgreSQL is not installed: npm run setup -- --dev installs it");
  return found;
}
