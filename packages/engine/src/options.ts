import type { Option, Span, Text } from "@duet/mlsql";
import type { Run } from "./run.ts";
import { StepError } from "./step-error.ts";

/** The options of a statement with their variables replaced, and where each was written. */
export class Options {
  readonly #values = new Map<string, { readonly text: string; readonly option: Option }>();

  constructor(run: Run, options: readonly Option[]) {
    for (const option of options) {
      this.#values.set(option.key, { text: run.variables.expand(option.value.value), option });
    }
  }

  get(key: string): string | undefined {
    return this.#values.get(key)?.text;
  }

  /** An option that names things, parted by commas; empty where it is absent. */
  list(key: string): readonly string[] {
    return (this.get(key) ?? "")
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "");
  }

  /** Where an option's value stands, the whole statement where the option is absent. */
  span(key: string, otherwise: Span): Span {
    return this.#values.get(key)?.option.value.span ?? otherwise;
  }

  /** An option that reads `true` or `false`. */
  boolean(key: string, otherwise: boolean): boolean {
    const found = this.#values.get(key);
    if (found === undefined) return otherwise;
    const text = found.text.trim().toLowerCase();
    if (text === "true" || text === "false") return text === "true";
    throw StepError.at(
      found.option.value.span,
      "invalid-option",
      `${key} is "true" or "false", not "${found.text}"`,
    );
  }

  /** An option that reads a whole number from `least` up; `undefined` where it is absent. */
  integer(key: string, least: number): number | undefined {
    const found = this.#values.get(key);
    if (found === undefined) return undefined;
    const value = Number(found.text.trim());
    if (Number.isSafeInteger(value) && value >= least) return value;
    const message = `${key} is a whole number from ${least} up, not "${found.text}"`;
    throw StepError.at(found.option.value.span, "invalid-option", message);
  }

  /** The options whose keys begin with `prefix`, without it: `family("systemParam.")`. */
  family(prefix: string): Readonly<Record<string, string>> {
    const entries = [...this.#values].filter(([key]) => key.startsWith(prefix));
    return Object.fromEntries(entries.map(([key, value]) => [key.slice(prefix.length), value.text]));
  }

  /** All options by key, without those named. */
  record(without: readonly string[] = []): Readonly<Record<string, string>> {
    const entries = [...this.#values].filter(([key]) => !without.includes(key));
    return Object.fromEntries(entries.map(([key, value]) => [key, value.text]));
  }
}

/** A path of a statement, absolute, its variables replaced. */
export function resolvePath(run: Run, path: Text): string {
  return run.lake.resolve(run.variables.expand(path.value));
}
