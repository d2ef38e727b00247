import { coloursFor } from "../view/colours.ts";
import { errorText, type PrintableError } from "../view/error-text.ts";

/** Prints an error on standard error. */
export function printError(error: PrintableError): void {
  process.stderr.write(`${errorText(error, coloursFor(process.stderr))}\n`);
}
