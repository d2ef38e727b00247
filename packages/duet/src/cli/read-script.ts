import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { UsageError } from "./usage-error.ts";

/** A script and its name in messages. */
export interface ScriptText {
  readonly file: string;
  readonly text: string;
}

/** Reads what `duet run` is to run: `-e`'s text, standard input for `-`, or a file. @throws {UsageError} */
export async function readScript(
  file: string | undefined,
  expression: string | undefined,
): Promise<ScriptText> {
  if (expression !== undefined) {
    if (file !== undefined) throw new UsageError("duet run takes a file or -e, not both");
    return { file: "<command line>", text: expression };
  }
  if (file === undefined) {
    throw new UsageError(
      "duet run needs a script",
      "name a file, - for standard input, or write one: -e 'select 1 as a as t;'",
    );
  }
  if (file === "-") return { file: "<standard input>", text: await text(process.stdin) };
  try {
    return { file, text: new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file)) };
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "ENOENT":
      return "there is no such file";
    case "EISDIR":
      return "it is a directory";
    case "EACCES":
      return "you may not read it";
    case "ERR_ENCODING_INVALID_ENCODED_DATA":
      return "it is no UTF-8 text";
    default:
      return message;
  }
}
