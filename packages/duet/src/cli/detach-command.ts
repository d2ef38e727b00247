import { newRunId } from "@duet/engine";
import { duetHome, ensureHome } from "../embedded/installation.ts";
import { startDetached } from "../runs/detached-run.ts";
import { exitCode } from "./exit-code.ts";

/** Starts this very command line as a run in the background and prints the run's id. Gives the exit code. */
export async function detachCommand(): Promise<number> {
  const home = duetHome();
  await ensureHome(home);
  const run = newRunId();
  await startDetached(home, run, process.argv.slice(2));
  process.stdout.write(`${run}\n`);
  return exitCode.succeeded;
}
