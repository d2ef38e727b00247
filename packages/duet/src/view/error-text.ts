import type { Colours } from "./colours.ts";

/** A failure as the command line prints it; the parts that there are. */
export interface PrintableError {
  readonly code?: string;
  readonly message: string;
  readonly help?: string | undefined;
  readonly details?: readonly string[];
}

/** An error without a place in a script: what, the engine's own lines, what to do. */
export function errorText({ code, message, help, details = [] }: PrintableError, colours: Colours): string {
  const name = code === undefined ? "error" : `error[${code}]`;
  return [
    `${colours.red(colours.bold(name))}: ${message}`,
    ...details.map((line) => `  ${colours.dim("│")} ${line}`),
    ...(help === undefined ? [] : [`  = help: ${help}`]),
  ].join("\n");
}
