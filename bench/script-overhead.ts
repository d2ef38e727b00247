/** `duet run script.py` against `python script.py` that was told where the same warm engines are. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { timeCommand } from "./lib/command.ts";
import { duetCommand, python } from "./lib/machine.ts";
import { takeTurns } from "./lib/measure.ts";
import { report } from "./lib/report.ts";

const rounds = process.argv.includes("--quick") ? 3 : 11;
const home = await mkdtemp(join(tmpdir(), "duet-bench-"));
const duet = (args: readonly string[], wanted: RegExp) =>
  timeCommand(process.execPath, [duetCommand, ...args], wanted, { DUET_HOME: home });
const script = (name: string): string => join(import.meta.dirname, "peers", `${name}.py`);
const printed = /sum 499500/u;

try {
  await duet(["up"], /./u);
  const byHand = await engineVariables();
  const whole = async (name: string) =>
    takeTurns(
      [
        {
          name: "duet",
          run: async () => (await duet(["run", script(name)], printed)).total,
        },
        {
          name: "python",
          run: async () => (await timeCommand(python, [script(name)], printed, byHand)).total,
        },
      ],
      rounds,
      true,
    );
  const both = await whole("both_engines");
  const neither = await whole("neither_engine");
  await report(
    "script-overhead",
    [
      {
        what: "`duet run script.py` more than `python script.py`, both engines",
        unit: "s",
        ours: both.duet - both.python,
        target: { kind: "at-most", value: 0.3 },
      },
      {
        what: "the same for a script that uses neither",
        unit: "s",
        ours: neither.duet - neither.python,
        target: { kind: "at-most", value: 0.3 },
      },
    ],
    [
      `Seconds of whole commands on engines of \`duet up\`; differences of medians of ${String(rounds)} after a warm-up.`,
      `With both engines ${both.duet.toFixed(2)} s against ${both.python.toFixed(2)} s, with neither ` +
        `${neither.duet.toFixed(2)} s against ${neither.python.toFixed(2)} s.`,
    ],
  );
} finally {
  await duet(["down"], /^/u);
  await rm(home, { recursive: true, force: true });
}

/** What one sets by hand so that a script finds the engines of `duet up`. */
async function engineVariables(): Promise<Readonly<Record<string, string>>> {
  const record = async (name: string): Promise<Readonly<Record<string, string>>> =>
    JSON.parse(await readFile(join(home, "engines", `${name}.json`), "utf8")) as Record<string, string>;
  const [spark, ray] = await Promise.all([record("sail"), record("ray")]);
  return {
    SPARK_REMOTE: spark.url ?? "",
    RAY_ADDRESS: ray.gcsAddress ?? "",
    RAY_AUTH_MODE: "token",
    RAY_AUTH_TOKEN_PATH: ray.tokenPath ?? "",
    RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER: "0",
  };
}
