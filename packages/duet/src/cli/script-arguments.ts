import { closeSync, openSync, readSync } from "node:fs";
import { extname } from "node:path";

const PYTHON_ENDINGS: ReadonlySet<string> = new Set([".py", ".pyw"]);
const FIRST_LINE_BYTES = 128;

/** Whether a file is a Python script: by its ending, or by its first line (`#!/usr/bin/env python`) where it has none. */
export function isPythonScript(file: string): boolean {
  const ending = extname(file);
  if (ending !== "") return PYTHON_ENDINGS.has(ending);
  return /^#!.*\bpython[\d.]*(?:\s|$)/u.test(firstLine(file));
}

/** Empty for what cannot be read: that is for whoever runs it to say. */
function firstLine(file: string): string {
  try {
    const descriptor = openSync(file, "r");
    try {
      const bytes = Buffer.alloc(FIRST_LINE_BYTES);
      const length = readSync(descriptor, bytes);
      return bytes.toString("latin1", 0, length).split("\n", 1)[0] ?? "";
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return "";
  }
}

/**
 * Parts a Python script and what follows it from Duet's own options: puts `--` before it, so that the script gets even
 * `--help`. The options of an MLSQL script may stand on both sides of it. `takesValue` says of an option of `duet run`,
 * as it is written, whether the next word is its value.
 */
export function separateScript(
  parameters: readonly string[],
  takesValue: (option: string) => boolean,
  isScript: (file: string) => boolean = isPythonScript,
): readonly string[] {
  if (parameters[0] !== "run") return parameters;
  for (let index = 1; index < parameters.length; index += 1) {
    const word = parameters[index] ?? "";
    if (word === "--") return parameters;
    if (word.startsWith("-") && word !== "-") {
      if (takesValue(word)) index += 1;
    } else if (isScript(word)) {
      return [...parameters.slice(0, index), "--", ...parameters.slice(index)];
    } else {
      return parameters;
    }
  }
  return parameters;
}
