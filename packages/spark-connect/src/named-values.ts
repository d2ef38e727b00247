import { sparkError } from "./errors.ts";
import type { Value } from "./value.ts";

/**
 * Puts values under their names.
 *
 * @throws SparkConnectError `duplicate-column` when two have the same name: one of them would be lost
 */
export function objectOf(
  names: readonly string[],
  values: readonly Value[],
): Readonly<Record<string, Value>> {
  const result = Object.fromEntries(names.map((name, index) => [name, values[index] ?? null]));
  if (Object.keys(result).length !== names.length) {
    const twice = names.find((name, index) => names.indexOf(name) !== index) ?? "";
    throw sparkError(
      "duplicate-column",
      `two columns are called "${twice}"; rename one, or read the result by position (collectTable)`,
    );
  }
  return result;
}
