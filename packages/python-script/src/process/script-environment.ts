import { join } from "node:path";
import type { ScriptWiring } from "../script-message.ts";

/** The environment variables of a script's process: the user's own, and the wiring. */
export function scriptEnvironment(
  wiring: ScriptWiring,
  pythonPath: string,
  own: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  return {
    ...own,
    // The site folder holds the `sitecustomize` that reads DUET_SCRIPT; it steps aside once it has run.
    PYTHONPATH: [join(pythonPath, "script_site"), pythonPath, own.PYTHONPATH].filter(Boolean).join(":"),
    DUET_SCRIPT: JSON.stringify(wiring),
  };
}
