import { duetHome } from "../embedded/installation.ts";
import { endWarmEngines } from "../embedded/warm-engines.ts";
import { engineEntry, printEngines } from "./engine-list.ts";
import { exitCode } from "./exit-code.ts";
import { Interruption } from "./interruption.ts";

/** Ends the warm engines and waits until they have gone. Gives the exit code. */
export async function downCommand(options: { readonly json: boolean }): Promise<number> {
  using interruption = new Interruption({ onFirst: () => undefined, onForce: () => undefined });
  const ended = await endWarmEngines(duetHome(), interruption.signal);
  printEngines(
    ended.map((record) => engineEntry(record, "ended")),
    options.json,
    "No engines were up.",
  );
  return exitCode.succeeded;
}
