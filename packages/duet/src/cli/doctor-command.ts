import { engineChecks } from "../doctor/engine-checks.ts";
import { type Check, type Finding, runCheck } from "../doctor/finding.ts";
import { machineChecks } from "../doctor/machine-checks.ts";
import { profileChecks } from "../doctor/profile-checks.ts";
import { softwareChecks } from "../doctor/software-checks.ts";
import { readProfile } from "../profiles/read-profile.ts";
import { coloursFor } from "../view/colours.ts";
import { exitCode } from "./exit-code.ts";
import { Interruption } from "./interruption.ts";

/** Looks at everything and prints each finding as it is made. Gives 0 when there is no problem, else 3. */
export async function doctorCommand(options: {
  readonly json: boolean;
  readonly engines: boolean;
  /** Looks at this profile's links instead of the embedded engines. */
  readonly profile: string | undefined;
}): Promise<number> {
  using interruption = new Interruption({ onFirst: () => undefined, onForce: () => undefined });
  const findings: Finding[] = [];
  for (const check of await checksFor(options)) {
    const finding = await runCheck(check, interruption.signal);
    findings.push(finding);
    if (!options.json) printFinding(finding);
  }
  const healthy = findings.every(({ state }) => state !== "problem");
  if (options.json) process.stdout.write(`${JSON.stringify({ healthy, findings })}\n`);
  return healthy ? exitCode.succeeded : exitCode.engine;
}

async function checksFor(options: {
  readonly engines: boolean;
  readonly profile: string | undefined;
}): Promise<readonly Check[]> {
  const profile = await readProfile(options.profile);
  const isEmbedded = profile.ray === undefined && profile.spark.kind !== "remote";
  return [
    ...machineChecks(),
    ...softwareChecks(),
    ...(isEmbedded ? engineChecks(options.engines) : profileChecks(profile)),
  ];
}

function printFinding({ name, state, detail, help }: Finding): void {
  const colours = coloursFor(process.stdout);
  const mark = { ok: colours.green("✓"), warning: colours.yellow("!"), problem: colours.red("✗") }[state];
  process.stdout.write(`${mark} ${name.padEnd(24)} ${detail}\n`);
  if (help !== undefined) process.stdout.write(`${" ".repeat(27)}${colours.dim(`→ ${help}`)}\n`);
}
