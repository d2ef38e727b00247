import { duetHome } from "../embedded/installation.ts";
import { listEnvironments, pruneEnvironments, sizeOf } from "../environments/built-environments.ts";
import { coloursFor } from "../view/colours.ts";
import { formatBytes, plural } from "../view/format.ts";
import { tableText } from "../view/table-text.ts";
import { exitCode } from "./exit-code.ts";

const DAY_MS = 86_400_000;

/** Lists the Python environments that were built. Gives the exit code. */
export async function listEnvironmentsCommand(json: boolean): Promise<number> {
  const environments = await listEnvironments(duetHome());
  const { stdout } = process;
  if (json) {
    stdout.write(`${JSON.stringify({ environments })}\n`);
    return exitCode.succeeded;
  }
  if (environments.length === 0) {
    stdout.write("No environments have been built.\n");
    return exitCode.succeeded;
  }
  const bytes = await sizeOf(environments.map(({ folder }) => folder));
  const table = {
    name: `${plural(environments.length, "environment")}, ${formatBytes(bytes)}`,
    columns: [
      { name: "id", type: "string" },
      { name: "packages", type: "string" },
      { name: "last used (UTC)", type: "string" },
    ],
    rows: environments.map(({ id, requirements, lastUsed }) => [
      id,
      requirements.join(", "),
      new Date(lastUsed).toISOString().replace("T", " ").slice(0, 19),
    ]),
    truncated: false,
  };
  stdout.write(`${tableText(table, stdout.isTTY ? stdout.columns : 160, coloursFor(stdout))}\n`);
  return exitCode.succeeded;
}

/** Removes the environments that were not used for some days. Gives the exit code. */
export async function pruneEnvironmentsCommand(days: number, json: boolean): Promise<number> {
  const { removed, bytes } = await pruneEnvironments(duetHome(), Date.now() - days * DAY_MS);
  process.stdout.write(
    json
      ? `${JSON.stringify({ removed, bytes })}\n`
      : `${plural(removed.length, "environment")} removed, ${formatBytes(bytes)}.\n`,
  );
  return exitCode.succeeded;
}
