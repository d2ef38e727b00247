import type { OptionDescription } from "./descriptions.ts";

const patterns = new Map<string, RegExp>();

function patternOf(name: string): RegExp {
  let pattern = patterns.get(name);
  if (!pattern) {
    const parts = name.split(".").map((part, index, all) => {
      if (part === "N") return "\\d+";
      if (part === "*" && index === all.length - 1) return ".+";
      return part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    });
    pattern = new RegExp(`^${parts.join("\\.")}$`);
    patterns.set(name, pattern);
  }
  return pattern;
}

/** The description that a key falls under: its own before that of its family. */
export function descriptionOf(
  key: string,
  options: readonly OptionDescription[],
  ignoreCase = false,
): OptionDescription | undefined {
  const same = (name: string): boolean =>
    ignoreCase ? name.toLowerCase() === key.toLowerCase() : name === key;
  return options.find(({ name }) => same(name)) ?? options.find(({ name }) => patternOf(name).test(key));
}

/**
 * The keys that a misspelled key could have been: every plain name, and each family's form of the key:
 * `fitParm.0.x` could have been `fitParam.0.x`.
 */
export function candidateKeys(key: string, options: readonly OptionDescription[]): readonly string[] {
  const keyParts = key.split(".");
  return options.flatMap(({ name }) => {
    const parts = name.split(".");
    if (!parts.includes("N") && !parts.includes("*")) return [name];
    if (keyParts.length < parts.length) return [];
    const filled = parts.map((part, index) => {
      if (part === "*") return keyParts.slice(index).join(".");
      return part === "N" ? (keyParts[index] ?? part) : part;
    });
    return patternOf(name).test(filled.join(".")) ? [filled.join(".")] : [];
  });
}
