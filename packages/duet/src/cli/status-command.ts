import { duetHome } from "../embedded/installation.ts";
import { checkWarmEngines } from "../embedded/warm-engines.ts";
import { engineEntry, printEngines } from "./engine-list.ts";
import { exitCode } from "./exit-code.ts";
import { Interruption } from "./interruption.ts";

/** Shows the warm engines; gives 0 when all of them answer (or there are none), else 3. */
export async function statusCommand(options: { readonly json: boolean }): Promise<number> {
  using interruption = new Interruption({ onFirst: () => undefined, onForce: () => undefined });
  const engines = await checkWarmEngines(duetHome(), interruption.signal);
  printEngines(
    engines.map(({ record, health }) => engineEntry(record, health)),
    options.json,
    "No engines are up. `duet up` starts them; without it every run starts its own.",
  );
  return engines.every(({ health }) => health === "ready") ? exitCode.succeeded : exitCode.engine;
}
