import { ScriptEnvironmentError } from "./environment/script-environment-error.ts";
import { ScriptRefused } from "./script-refused.ts";

/** A failure that a person can act on, whichever part of Duet it comes from. */
export interface Failure {
  readonly code: string;
  /** What, and the engine's own last words below it. */
  readonly message: string;
  readonly help: string | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;
  /** 2: a mistake in the script or the command line; 3: something that is needed is not there. */
  readonly exitCode: 2 | 3;
}

/** Takes an error apart; undefined for one without a code, which is a bug. */
export function failureOf(error: unknown): Failure | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, details, help, file, line } = error as Error & Readonly<Record<string, unknown>>;
  if (typeof code !== "string" || !/^[a-z]+(?:-[a-z0-9]+)*$/u.test(code)) return undefined;
  const words = Array.isArray(details) ? details.map((each) => `  │ ${String(each)}`) : [];
  const isMistake = error instanceof ScriptEnvironmentError || error instanceof ScriptRefused;
  return {
    code,
    message: [error.message, ...words].join("\n"),
    help: typeof help === "string" ? help : undefined,
    file: typeof file === "string" ? file : undefined,
    line: typeof line === "number" ? line : undefined,
    exitCode: isMistake ? 2 : 3,
  };
}
