import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { isOver, RayJobs, RayJobsError } from "@duet/ray";
import { environmentDirectory } from "../embedded/installation.ts";
import { freePort } from "../embedded/free-port.ts";
import { startSail } from "../embedded/sail.ts";
import { ServerProcess } from "../embedded/server-process.ts";

const run = promisify(execFile);

const TOKEN = "the-cluster's-own-token-0123456789abcdef";
const START_TIMEOUT_MS = 90_000;

/** What a cluster's Python needs of `.venv`: Ray clones it for each environment, so what is large and not needed stays away. */
const LEFT_OUT = /^(?:_?polars|pysail|scipy|scikit_learn|sklearn|ruff|pytest|_pytest|py_spy)/u;

/**
 * For tests: a company's cluster on this machine. A stock Ray with dashboard and token, in a Python of its own that
 * has uv; Sail as the Spark beside it; a folder as the lake.
 */
export class CompanyCluster implements AsyncDisposable {
  readonly directory: string;
  readonly jobs: string;
  readonly address: string;
  readonly spark: string;
  readonly token = TOKEN;
  readonly #parts: AsyncDisposable;

  private constructor(
    directory: string,
    addresses: { jobs: string; address: string; spark: string },
    parts: AsyncDisposable,
  ) {
    this.directory = directory;
    this.jobs = addresses.jobs;
    this.address = addresses.address;
    this.spark = addresses.spark;
    this.#parts = parts;
  }

  static async start(): Promise<CompanyCluster> {
    await using parts = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), "duet-company-"));
    parts.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
    parts.defer(() => endStragglers(directory));
    await mkdir(join(directory, "lake"));
    const { signal } = new AbortController();
    const sailDirectory = join(directory, "sail");
    await mkdir(sailDirectory);
    const sail = parts.use(
      await startSail({ home: directory, directory: sailDirectory, lifetime: "parent", signal }),
    );
    const python = await makePython(directory);
    const [port, dashboard, agent, client] = await Promise.all([
      freePort(),
      freePort(),
      freePort(),
      freePort(),
    ]);
    const tokenFile = join(directory, "token");
    await writeFile(tokenFile, TOKEN, { mode: 0o600 });
    const ray = parts.use(
      await ServerProcess.start({
        title: "Ray",
        command: python,
        arguments: [
          ...[
            "-m",
            "duet.keeper",
            "command",
            python,
            "-m",
            "ray.scripts.scripts",
            "start",
            "--head",
            "--block",
          ],
          ...["--node-ip-address", "127.0.0.1", "--port", String(port), "--temp-dir", join(directory, "ray")],
          ...["--dashboard-host", "127.0.0.1", "--dashboard-port", String(dashboard)],
          ...["--dashboard-agent-listen-port", String(agent), "--ray-client-server-port", String(client)],
          ...[
            "--num-cpus",
            "2",
            "--object-store-memory",
            "200000000",
            "--disable-usage-stats",
            "--no-monitor",
          ],
        ],
        environment: {
          PATH: [join(directory, "python", "bin"), process.env.PATH].join(":"),
          PYTHONPATH: join(environmentDirectory(".venv"), "..", "python"),
          RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER: "0",
          RAY_AUTH_MODE: "token",
          RAY_AUTH_TOKEN_PATH: tokenFile,
        },
        workingDirectory: directory,
        logFile: join(directory, "ray.log"),
        lifetime: "parent",
      }),
    );
    const jobs = `http://127.0.0.1:${dashboard}`;
    await using api = new RayJobs({ url: jobs, token: TOKEN });
    await ray.waitFor(() => hasRun(api), { timeout: START_TIMEOUT_MS, interval: 200, signal });
    return new CompanyCluster(
      directory,
      { jobs, address: `127.0.0.1:${port}`, spark: sail.url },
      parts.move(),
    );
  }

  /** A `duet.toml` whose profile `work` is this cluster, and with others that do not work. */
  profiles(): string {
    const ray = (name: string, jobs = this.jobs, variable = "COMPANY_TOKEN"): string =>
      `[profiles.${name}]\nspark = "${this.spark}"\nlake = "${join(this.directory, "lake")}"\n\n` +
      `[profiles.${name}.ray]\njobs = "${jobs}"\naddress = "${this.address}"\ntoken-env = "${variable}"\npyspark = true\n\n`;
    return ray("work") + ray("stranger", this.jobs, "WRONG_TOKEN") + ray("nowhere", "http://127.0.0.1:9");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#parts[Symbol.asyncDispose]());
  }
}

/** Ray's agents notice a while later that their Ray has ended; what names the cluster's own folder is ours to end. */
async function endStragglers(directory: string): Promise<void> {
  const names = (await readdir("/proc")).filter((name) => /^\d+$/u.test(name));
  for (const pid of names) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (!command.includes(`${directory}/`)) continue;
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

/** True once a job has run: the API answers before Ray's agent, which starts jobs, does. */
async function hasRun(jobs: RayJobs): Promise<true | undefined> {
  const id = `ready-${randomUUID()}`;
  try {
    await jobs.submit({ id, entrypoint: "true", runtimeEnv: {}, metadata: {} });
    while (!isOver(await jobs.get(id))) await sleep(100);
    return true;
  } catch (error) {
    if (error instanceof RayJobsError) return undefined;
    throw error;
  }
}

/** Makes a Python environment with Ray, PySpark and uv beside `.venv`, from hard links where the disk is the same. */
async function makePython(directory: string): Promise<string> {
  const [from, to] = [environmentDirectory(".venv"), join(directory, "python")];
  const uv = join(from, "..", ".uv");
  const version = (await readdir(join(from, "lib"))).find((name) => name.startsWith("python")) ?? "";
  const packages = join("lib", version, "site-packages");
  await mkdir(join(to, packages), { recursive: true });
  await mkdir(join(to, "bin"));
  await cp(join(from, "pyvenv.cfg"), join(to, "pyvenv.cfg"));
  const names = (await readdir(join(from, packages))).filter((name) => !LEFT_OUT.test(name));
  await link(
    names.map((name) => join(from, packages, name)),
    join(to, packages),
  );
  const tools = (await readdir(join(uv, packages))).filter((name) => /^uv\b/u.test(name));
  await link(
    tools.map((name) => join(uv, packages, name)),
    join(to, packages),
  );
  await link([join(uv, "bin", "uv")], join(to, "bin"));
  await chmod(join(to, "bin", "uv"), 0o755);
  const activate = (await readdir(join(from, "bin"))).filter((name) => name.startsWith("activate"));
  for (const name of activate) {
    // It names its environment's folder.
    const script = await readFile(join(from, "bin", name), "utf8");
    await writeFile(join(to, "bin", name), script.replaceAll(from, to));
  }
  const python = join(to, "bin", "python");
  await cp(join(from, "bin", "python"), python, { verbatimSymlinks: true });
  await symlink("python", join(to, "bin", "python3"));
  return python;
}

async function link(paths: readonly string[], folder: string): Promise<void> {
  try {
    await run("cp", ["-al", ...paths, folder]);
  } catch {
    // Another disk: hard links do not reach it.
    await run("cp", ["-a", ...paths, folder]);
  }
}
