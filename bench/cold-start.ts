/** A first row with nothing warm, and a first model from a Ray task, against PySpark local and `ray.init()` by hand. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { timeCommand } from "./lib/command.ts";
import { apachePython, duetCommand, root } from "./lib/machine.ts";
import { takeTurns } from "./lib/measure.ts";
import { report } from "./lib/report.ts";

const quick = process.argv.includes("--quick");
const rounds = quick ? 1 : 5;
const home = await mkdtemp(join(tmpdir(), "duet-bench-"));
const environment = { DUET_HOME: home };
const peerScript = join(import.meta.dirname, "peers/cold_start.py");
const firstRow = /[│|]\s*1\s*[│|]/u;
const score = /score 0\.\d+/u;

try {
  const row = await takeTurns(
    [
      {
        name: "duet",
        run: async () => {
          const args = [duetCommand, "run", "-e", "select 1 as a as t;"];
          return (await timeCommand(process.execPath, args, firstRow, environment)).first;
        },
      },
      {
        name: "pyspark",
        run: async () => (await timeCommand(apachePython, [peerScript], firstRow)).first,
      },
    ],
    rounds,
    true,
  );
  const script = join(import.meta.dirname, "peers/cold-start.mlsql");
  const packages = await sitePackages();
  const model = await takeTurns(
    [
      {
        name: "duet",
        run: async () => {
          const args = [duetCommand, "run", script, "--set", `model=${join(home, "model")}`];
          return (await timeCommand(process.execPath, args, score, environment)).first;
        },
      },
      {
        name: "by hand",
        run: async () => (await timeCommand(apachePython, [peerScript, "--ray", packages], score)).first,
      },
    ],
    rounds,
    true,
  );
  await report(
    "cold-start",
    [
      {
        what: "first row of `select 1 as a`",
        unit: "s",
        ours: row.duet,
        peer: { name: "PySpark 4.3 local", value: row.pyspark },
        target: { kind: "at-most", value: 0.2 },
      },
      {
        what: "a model trained in a Ray task",
        unit: "s",
        ours: model.duet,
        peer: { name: "PySpark 4.3 local + ray.init()", value: model["by hand"] },
        target: { kind: "at-most", value: 0.5 },
      },
    ],
    [
      `Seconds from the command to the row or score on standard output; median of ${String(rounds)} after a warm-up.`,
    ],
  );
} finally {
  await rm(home, { recursive: true, force: true });
}

async function sitePackages(): Promise<string> {
  const library = join(root, ".venv/lib");
  const [version = ""] = (await readdir(library)).filter((name) => name.startsWith("python"));
  return join(library, version, "site-packages");
}
