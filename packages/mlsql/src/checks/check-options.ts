import type { SourceText } from "../source-text.ts";
import type { Span } from "../span.ts";
import type { Option } from "../statement.ts";
import { suggestName } from "../suggest.ts";
import { checkTable } from "./check-tables.ts";
import { warnOfMisspelled } from "./check-variables.ts";
import type { OptionDescription } from "./descriptions.ts";
import { candidateKeys, descriptionOf } from "./option-names.ts";
import type { LaterNames } from "./later-names.ts";
import type { Scope } from "./scope.ts";
import { spanInText } from "./text-span.ts";

/** What the options of a statement are checked against. */
export interface OptionRules {
  /** What has the options, in words: `PythonAlg`, `the format csv`. */
  readonly owner: string;
  readonly options: readonly OptionDescription[];
  /** Unknown keys are passed on; one that is near a known key is then a warning, and case does not count. */
  readonly open: boolean;
  /** Where a required option that is missing is reported. */
  readonly span: Span;
}

/** Checks the options of one statement: their names, their values, those that are missing. */
export function checkOptions(
  scope: Scope,
  later: LaterNames,
  source: SourceText,
  options: readonly Option[],
  rules: OptionRules,
): void {
  const seen = new Set<string>();
  for (const option of options) {
    warnOfMisspelled(scope, source, option.value);
    if (seen.has(option.key)) {
      scope.warn(
        "duplicate-option",
        `the option ${option.key} is given twice; the last one counts`,
        option.keySpan,
      );
      continue;
    }
    seen.add(option.key);
    const description = descriptionOf(option.key, rules.options, rules.open);
    if (!description) reportUnknown(scope, option, rules);
    else if (isAmong(scope, options, option, description))
      checkValue(scope, later, source, option, description);
  }
  for (const description of rules.options) {
    checkPresence(scope, options, description, rules);
  }
}

function reportUnknown(scope: Scope, option: Option, rules: OptionRules): void {
  const near = suggestName(option.key, candidateKeys(option.key, rules.options));
  const help =
    near === undefined ? undefined : { suggestion: `Did you mean \`${near}\`?`, replacement: near };
  const message = `${rules.owner} has no option ${option.key}`;
  if (rules.open) {
    if (help) scope.warn("unknown-option", message, option.keySpan, help);
    return;
  }
  const known = rules.options.map(({ name }) => name).join(", ");
  const list = known === "" ? "It has no options." : `Its options are ${known}.`;
  scope.error("unknown-option", message, option.keySpan, help ?? { suggestion: list });
}

function checkPresence(
  scope: Scope,
  options: readonly Option[],
  rule: OptionDescription,
  rules: OptionRules,
): void {
  if (rule.required !== true || options.some(({ key }) => key === rule.name)) return;
  if (rule.among !== undefined) {
    const choice = options.find(({ key }) => key === rule.among);
    if (!choice || names(scope.valueOf(choice.value) ?? "").length === 1) return;
  }
  scope.error("missing-option", `${rules.owner} needs the option ${rule.name}`, rules.span, {
    suggestion: rule.summary ?? `Add ${rule.name}="…".`,
  });
}

function checkValue(
  scope: Scope,
  later: LaterNames,
  source: SourceText,
  option: Option,
  rule: OptionDescription,
): void {
  const value = scope.valueOf(option.value)?.trim();
  if (value === undefined) return;
  const wrong = wrongValue(value, rule);
  if (wrong !== undefined) {
    const near = rule.values && suggestName(value, rule.values);
    scope.error("wrong-option-value", `${option.key} ${wrong}, not "${value}"`, option.value.span, {
      ...(near && { suggestion: `Did you mean "${near}"?`, replacement: near }),
    });
  }
  if (["table", "script-table", "script-tables", "environment-table"].includes(rule.type)) {
    const many = rule.type === "script-tables";
    for (const { name, start } of many ? positions(option.value.value) : [{ name: value, start: 0 }]) {
      const exact = many && !option.value.value.includes("${");
      const span = exact ? spanInText(source, option.value, start, start + name.length) : option.value.span;
      checkTable(scope, later, name, span);
      if (rule.type !== "table") warnOfNoScript(scope, name, span);
    }
  }
}

/** Tables that are files of data, or a training's report, hold no code: naming one is a slip. */
function warnOfNoScript(scope: Scope, name: string, span: Span): void {
  const madeBy = scope.tables.get(name.toLowerCase())?.madeBy;
  const isData =
    madeBy?.kind === "train" ||
    (madeBy?.kind === "load" &&
      ["parquet", "csv", "json", "orc", "libsvm"].includes(madeBy.source.format.value.toLowerCase()));
  if (!isData) return;
  scope.warn("no-script-table", `the table ${name} is no script: it was not made by load script`, span, {
    suggestion: `Put the text into a variable and write: load script.\`variable\` as ${name};`,
  });
}

/** Whether an option chooses from the tables of another one, as it must; reports it where it does not. */
function isAmong(
  scope: Scope,
  options: readonly Option[],
  option: Option,
  { among }: OptionDescription,
): boolean {
  const choice = among === undefined ? undefined : options.find(({ key }) => key === among);
  const value = scope.valueOf(option.value)?.trim();
  const choices = choice && scope.valueOf(choice.value);
  if (value === undefined || choices === undefined || names(choices).includes(value)) return true;
  const near = suggestName(value, names(choices));
  scope.error(
    "not-among",
    `${option.key} is "${value}", which is not among ${among ?? ""}="${choices}"`,
    option.value.span,
    {
      suggestion: near
        ? `Did you mean "${near}"?`
        : `Add it: ${among ?? ""}="${[...names(choices), value].join(",")}".`,
      ...(near && { replacement: near }),
    },
  );
  return false;
}

/** The names of a list such as `a, b`. */
export function names(list: string): readonly string[] {
  return positions(list).map(({ name }) => name);
}

function positions(list: string): readonly { readonly name: string; readonly start: number }[] {
  return Array.from(list.matchAll(/[^\s,]+/g), (match) => ({ name: match[0], start: match.index }));
}

/** What a value should have been, in words, where it is not that. */
function wrongValue(value: string, { type, values, minimum }: OptionDescription): string | undefined {
  if (values)
    return values.includes(value) ? undefined : `is one of ${values.map((item) => `"${item}"`).join(", ")}`;
  switch (type) {
    case "boolean":
      return /^(?:true|false)$/i.test(value) ? undefined : `is "true" or "false"`;
    case "integer":
    case "number": {
      const written = type === "integer" ? /^-?\d+$/ : /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/;
      const what = type === "integer" ? "a whole number" : "a number";
      const from = minimum === undefined ? "" : ` from ${minimum} up`;
      return written.test(value) && Number(value) >= (minimum ?? -Infinity) ? undefined : `is ${what}${from}`;
    }
    case "memory":
      return /^\d+(?:\.\d+)?\s*(?:[kmgt]i?b?|b)?$/i.test(value)
        ? undefined
        : `is a size in bytes, or such as "512m" or "2g"`;
    case "json":
      return isJsonObject(value) ? undefined : `is a JSON object such as {"name": 1}`;
    default:
      return undefined;
  }
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
