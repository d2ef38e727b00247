/** `examples/demo.mlsql` by Duet against the same work by hand, as commands on the same warm engines. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { timeCommand } from "./lib/command.ts";
import { duetCommand, python, root } from "./lib/machine.ts";
import { takeTurns } from "./lib/measure.ts";
import { report } from "./lib/report.ts";
import { startWarmEngines } from "./lib/warm-engines.ts";

const rounds = process.argv.includes("--quick") ? 1 : 5;
await using engines = await startWarmEngines();
const folder = join(engines.directory, "one-script");
const ended = /churn_by_region|revenue_at_risk/u;

const times = await takeTurns(
  [
    {
      name: "duet",
      run: async () => {
        await startAfresh();
        const script = join(root, "examples/demo.mlsql");
        const where = ["--spark", engines.spark, "--ray", engines.bridge.url];
        const variables = ["--set", `shop=${folder}/shop`, "--set", `output=${folder}/output`];
        const environment = {
          DUET_HOME: join(folder, "home"),
          DUET_RAY_TOKEN: engines.bridge.token,
        };
        const command = [duetCommand, "run", script, ...where, ...variables];
        return (await timeCommand(process.execPath, command, ended, environment)).total;
      },
    },
    {
      name: "by hand",
      run: async () => {
        await startAfresh();
        const script = join(import.meta.dirname, "peers/one_script.py");
        const command = [script, engines.spark, engines.rayAddress, folder];
        return (await timeCommand(python, command, ended, engines.environment)).total;
      },
    },
  ],
  rounds,
  true,
);

await report(
  "one-script",
  [
    {
      what: "examples/demo.mlsql, start to end",
      unit: "s",
      ours: times.duet,
      peer: { name: "pyspark-client + Ray by hand", value: times["by hand"] },
      target: { kind: "at-most", value: 1.1 },
    },
  ],
  [`Seconds of the whole command on warm Sail and Ray; median of ${String(rounds)} after a warm-up.`],
);

async function startAfresh(): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
}
