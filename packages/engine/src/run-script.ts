import type { RunEvent } from "./run-event.ts";
import type { RunScriptOptions } from "./run-options.ts";

/**
 * Runs a script and tells all that happens as events; the last one is `run-finished`. What is wrong with the
 * script, or with an engine, is told by `diagnostic` events and never thrown. A reader that stops reading
 * cancels the run.
 */
export async function* runScript(options: RunScriptOptions): AsyncGenerator<RunEvent, void, undefined> {
  // The language and the clients take 0.2 s to load: what uses other parts of this package need not wait for them.
  const { carryOutScript } = await import("./carry-out.ts");
  yield* carryOutScript(options);
}
