import { coloursFor } from "../view/colours.ts";

/** A failure as the command line prints it; the parts that there are. */
export interface PrintableError {
  readonly code?: string;
  readonly message: string;
  readonly help?: string | undefined;
  readonly details?: readonly string[];
}

/** Prints an error on standard error: what, the engine's own lines, what to do. */
export function printError(error: PrintableError): void {
  const colours = coloursFor(process.stderr);
  const code = error.code === undefined ? "" : `[${error.code}]`;
  const lines = [`${colours.red(colours.bold(`error${code}`))}: ${error.message}`];
  for (const line of error.details ?? []) lines.push(`  ${colours.dim("│")} ${line}`);
  if (error.help !== undefined) lines.push(`  = help: ${error.help}`);
  process.stderr.write(`${lines.join("\n")}\n`);
}
