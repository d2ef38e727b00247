import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { clusterRuntimeEnv } from "./cluster-runtime-env.ts";
import { type PrepareEnvironmentOptions, prepareScriptEnvironment } from "./prepare-script-environment.ts";
import { ScriptEnvironmentError } from "./script-environment-error.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const python = join(ROOT, ".venv/bin/python");
const folder = await mkdtemp(join(tmpdir(), "duet-script-environment-"));
after(() => rm(folder, { recursive: true, force: true }));
const home = join(folder, "home");

const options = (source: Partial<PrepareEnvironmentOptions["source"]> = {}): PrepareEnvironmentOptions => ({
  installation: { python, pythonPath: join(ROOT, "python"), home },
  source: { script: join(folder, "train.py"), ...source },
  defaultPython: python,
});

const ask = async (program: string, by: string): Promise<string> =>
  (await promisify(execFile)(by, ["-c", program])).stdout.trim();

function failsWith(code: string, words: RegExp, help?: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ScriptEnvironmentError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, words);
    if (help !== undefined) assert.match(error.help ?? "", help);
    return true;
  };
}

test("a script that describes nothing, or only what Duet brings, runs in the default Python", async () => {
  assert.deepEqual(await prepareScriptEnvironment(options()), { python });
  const metadata = [{ text: 'dependencies = ["ray", "pyspark[connect]==4.0.1"]', line: 1 }];
  for (const time of ["first", "again"]) {
    const notes: string[] = [];
    const onNote = (note: string): void => void notes.push(note);
    assert.deepEqual(await prepareScriptEnvironment({ ...options({ metadata }), onNote }), { python }, time);
    assert.match(notes.join(), /asks for pyspark\[connect\]==4\.0\.1; the script gets pyspark-client/u, time);
  }
});

test("an environment is built once, then known until a file of its description changes", async () => {
  const environmentFile = join(folder, "requirements.txt");
  const included = join(folder, "included.txt");
  await writeFile(environmentFile, "-r included.txt\n");
  await writeFile(included, "toolz==1.0.0\n");
  const told: string[] = [];
  const build = {
    ...options({ environmentFile }),
    onBuild: (title: string) => void told.push(title),
    onLine: (line: string) => void told.push(line),
  };
  const made = await prepareScriptEnvironment(build);
  assert.equal(told[0], "building the environment (1 package)");
  assert.ok(told.some((line) => line.includes("toolz==1.0.0")));
  assert.deepEqual(made.runtimeEnv, { py_executable: made.python });
  assert.equal(await ask("import toolz; print(toolz.__version__)", made.python), "1.0.0");

  told.length = 0;
  const known = { ...build, installation: { ...build.installation, python: join(ROOT, ".venv/bin/sail") } };
  assert.deepEqual(await prepareScriptEnvironment(known), made, "found without starting a Python");
  assert.deepEqual(told, []);

  await writeFile(included, "toolz==1.0.0\nno-such-package-of-duet\n");
  await assert.rejects(prepareScriptEnvironment(build), (error) => {
    assert.ok(error instanceof ScriptEnvironmentError);
    assert.equal(error.code, "environment-failed");
    assert.deepEqual([error.file, error.line], [included, 2]);
    return true;
  });
});

test("a build is given up when the signal is aborted", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const environmentFile = join(folder, "silent.txt");
  await writeFile(environmentFile, `--index-url http://127.0.0.1:${String(port)}/simple\nsix\n`);
  const controller = new AbortController();
  const reason = new Error("enough");
  const connected = once(silent, "connection");
  const building = prepareScriptEnvironment({ ...options({ environmentFile }), signal: controller.signal });
  const [socket] = (await connected) as [{ destroy: () => void }];
  controller.abort(reason);
  await assert.rejects(building, reason);
  const left = await readdir(join(home, "environments"));
  assert.deepEqual(
    left.filter((name) => name.endsWith(".new")),
    [],
  );
  socket.destroy();
  silent.close();
});

test("the user's own interpreter is looked at before it is used", async () => {
  const own = { ...options(), interpreter: python };
  assert.deepEqual(await prepareScriptEnvironment(own), { python, runtimeEnv: { py_executable: python } });
  const older = { python: (await ask("import platform; print(platform.python_version())", python)) + "9" };
  const ray = await ask("from importlib.metadata import version; print(version('ray'))", python);
  assert.deepEqual(
    (await prepareScriptEnvironment({ ...own, cluster: { ...older, ray } })).variables,
    { RAY_DEFAULT_PYTHON_VERSION_MATCH_LEVEL: "minor" },
    "Ray would refuse another patch version",
  );
  await assert.rejects(
    prepareScriptEnvironment({ ...own, cluster: { python: "3.99.1", ray } }),
    failsWith("python-unfit", /the Ray cluster runs CPython 3\.99/u, /Python 3\.99/u),
  );
  await assert.rejects(
    prepareScriptEnvironment({ ...own, cluster: { ...older, ray: "1.2.3" } }),
    failsWith("python-unfit", /and the cluster runs 1\.2\.3/u, /pip install "ray==1\.2\.3"/u),
  );
  await assert.rejects(
    prepareScriptEnvironment({ ...own, spark: "classic" }),
    failsWith("python-unfit", /has no PySpark/u, /pip install "pyspark\[connect,sql\]==4/u),
  );
  await assert.rejects(
    prepareScriptEnvironment({ ...own, interpreter: "/bin/ls" }),
    failsWith("python-missing", /does not answer as a Python does/u),
  );
  await assert.rejects(
    prepareScriptEnvironment({ ...own, interpreter: join(folder, "none") }),
    failsWith("python-missing", /there is no Python at/u),
  );
});

test("a cluster gets the description in Ray's words", async () => {
  const metadata = [{ text: 'dependencies = ["ray", "toolz"]', line: 1 }];
  const described = await clusterRuntimeEnv(options({ metadata }));
  assert.match(
    JSON.stringify(described),
    /^\{"uv":\{"packages":\["toolz","pyspark-client==4\.[\d.]+"\]\}\}$/u,
  );
});
