/** A first row on engines that `duet up` keeps warm. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { timeCommand } from "./lib/command.ts";
import { duetCommand } from "./lib/machine.ts";
import { takeTurns } from "./lib/measure.ts";
import { report } from "./lib/report.ts";

const rounds = process.argv.includes("--quick") ? 3 : 15;
const home = await mkdtemp(join(tmpdir(), "duet-bench-"));
const duet = (args: readonly string[], wanted: RegExp) =>
  timeCommand(process.execPath, [duetCommand, ...args], wanted, { DUET_HOME: home });

try {
  await duet(["up"], /./u);
  const times = await takeTurns(
    [
      {
        name: "first row",
        run: async () => (await duet(["run", "-e", "select 1 as a as t;"], /│\s*1\s*│/u)).first,
      },
    ],
    rounds,
    true,
  );
  await report(
    "warm",
    [
      {
        what: "first row of `select 1 as a`",
        unit: "s",
        ours: times["first row"],
        target: { kind: "at-most", value: 0.5 },
      },
    ],
    [`Seconds from the command to the row on standard output; median of ${String(rounds)} after a warm-up.`],
  );
} finally {
  await duet(["down"], /^/u);
  await rm(home, { recursive: true, force: true });
}
