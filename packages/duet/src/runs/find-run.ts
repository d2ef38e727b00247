import { UsageError } from "../cli/usage-error.ts";
import type { ListedRun } from "./list-runs.ts";

/**
 * Finds the run that a person names: by its id, by a part of it that no other run has, or as `last`, the newest.
 * @throws {UsageError} for none and for several
 */
export function findRun(name: string, runs: readonly ListedRun[]): ListedRun {
  const [newest] = runs;
  if (name === "last" && newest !== undefined) return newest;
  const exact = runs.find(({ run }) => run === name);
  if (exact !== undefined) return exact;
  const matching = runs.filter(({ run }) => run.includes(name));
  const [only, second] = matching;
  if (only === undefined) {
    throw new UsageError(`there is no run ${name}`, "`duet runs` lists them; --profile looks on a cluster");
  }
  if (second === undefined) return only;
  const names = matching.slice(0, 5).map(({ run }) => run);
  throw new UsageError(
    `${name} may mean ${matching.length} runs: ${names.join(", ")}`,
    "write more of the id",
  );
}
