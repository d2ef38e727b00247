import { homedir, userInfo } from "node:os";
import { dayFrom, formatDate } from "./date-pattern.ts";
import { Expansion } from "./expansion.ts";

/** What the built-in variables are made from; each has a default from the machine. */
export interface VariablesOptions {
  /** The clock behind `today` and the like; local time. */
  readonly now?: () => Date;
  /** The value of `${HOME}`. */
  readonly home?: string;
  /** The value of `${OWNER}`. */
  readonly owner?: string;
}

interface Variable {
  readonly value: string;
  /** The variables in the value; none if it is data, in which `${…}` means nothing. */
  readonly references: readonly string[];
}

const REFERENCE = /\$\{\s*([^{}\s"'](?:[^{}"']|"[^"]*"|'[^']*')*)\}/g;
const DATE_CALL = /^date\.toString\(\s*(?:"([^"]*)"|'([^']*)')\s*\)$/;
const DAYS = { theDayBeforeYesterday: -2, yesterday: -1, today: 0, tomorrow: 1 } as const;

/** The values that rings, and values that grow without measure, have instead of a text. */
const ENDLESS = Symbol("endless");
type Resolved = string | undefined | typeof ENDLESS;
/** How deep values may name each other, and how many letters one may grow to. */
const DEEPEST = 200;
const LONGEST = 1 << 26;

/** The variables of one run. `${name}` is resolved when a text is used, so values may name later variables. */
export class Variables {
  readonly #values = new Map<string, Variable>();
  readonly #now: () => Date;
  readonly #options: VariablesOptions;

  constructor(initial: Readonly<Record<string, string>> = {}, options: VariablesOptions = {}) {
    this.#options = options;
    this.#now = options.now ?? (() => new Date());
    for (const [name, value] of Object.entries(initial)) this.set(name, value);
  }

  /**
   * Sets a variable. A value that names the variable itself means its value so far: `set p="${p}/x"`.
   * With `literal`, the value is data (a query's result) in which `${…}` means nothing.
   */
  set(name: string, value: string, options: { readonly literal?: boolean } = {}): void {
    const references = options.literal === true ? [] : namesIn(value);
    const before = references.includes(name) ? this.get(name) : undefined;
    const own = before === undefined ? value : this.#replaceOwn(name, value, before);
    this.#values.set(name, { value: own, references: before === undefined ? references : namesIn(own) });
  }

  /** Forgets a variable. */
  unset(name: string): void {
    this.#values.delete(name);
  }

  /** Sets a variable where it is not set yet, as `set … where type="defaultParam"` does. */
  setDefault(name: string, value: string): void {
    if (!this.has(name)) this.set(name, value);
  }

  /** Whether a name means something: a variable that was set, or a built-in one. */
  has(name: string): boolean {
    return this.#values.has(name) || this.#builtIn(name) !== undefined;
  }

  /** A variable's value with the variables in it put in; undefined where nothing of that name is known. */
  get(name: string): string | undefined {
    return this.#value(name);
  }

  /** The names that were set, without the built-in ones. */
  names(): readonly string[] {
    return [...this.#values.keys()];
  }

  /**
   * The text with every known `${name}` replaced; unknown ones stay as written, and so do
   * those that form a ring, that lead over 200 others, or that would grow beyond 64 million letters.
   */
  expand(text: string): string {
    return text.includes("${") ? this.expandWithMap(text).text : text;
  }

  /** As `expand`, with the way back from the result's offsets and lines to the text as written. */
  expandWithMap(text: string): Expansion {
    return Expansion.of(text, REFERENCE, ([, name = ""]) => this.#value(name.trim()));
  }

  /** The unknown names in a text, and in the values of the variables that it names; each once. */
  unresolved(text: string): readonly string[] {
    const unknown = new Set<string>();
    const seen = new Set<string>();
    const left = [...namesIn(text)];
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      if (seen.has(name)) continue;
      seen.add(name);
      left.unshift(...(this.#values.get(name)?.references ?? []));
      if (!this.has(name)) unknown.add(name);
    }
    return [...unknown];
  }

  /** The ring that a variable's value leads into, first name repeated at its end (`a, b, a`); else undefined. */
  ring(name: string): readonly string[] | undefined {
    const path: { readonly name: string; readonly left: string[] }[] = [];
    const open = new Set<string>();
    const visited = new Set<string>();
    const enter = (next: string): void => {
      visited.add(next);
      open.add(next);
      path.push({ name: next, left: [...(this.#values.get(next)?.references ?? [])] });
    };
    enter(name);
    for (let current = path.at(-1); current; current = path.at(-1)) {
      const next = current.left.shift();
      if (next === undefined) {
        open.delete(current.name);
        path.pop();
      } else if (open.has(next)) {
        const names = path.map((step) => step.name);
        return [...names.slice(names.indexOf(next)), next];
      } else if (!visited.has(next)) enter(next);
    }
    return undefined;
  }

  #value(name: string): string | undefined {
    const value = this.#resolve(name, [], new Map());
    return value === ENDLESS ? undefined : value;
  }

  #resolve(name: string, path: readonly string[], known: Map<string, Resolved>): Resolved {
    const variable = this.#values.get(name);
    if (!variable) return this.#builtIn(name);
    if (variable.references.length === 0) return variable.value;
    if (known.has(name)) return known.get(name);
    if (path.includes(name) || path.length >= DEEPEST) return ENDLESS;
    let value = "";
    let position = 0;
    for (const reference of variableReferences(variable.value)) {
      const part = this.#resolve(reference.name, [...path, name], known);
      if (part === ENDLESS || value.length + (part?.length ?? 0) > LONGEST) return ENDLESS;
      value += variable.value.slice(position, reference.start);
      value += part ?? variable.value.slice(reference.start, reference.end);
      position = reference.end;
    }
    value += variable.value.slice(position);
    known.set(name, value);
    return value;
  }

  #replaceOwn(name: string, value: string, before: string): string {
    return value.replace(REFERENCE, (written, inner: string) => (inner.trim() === name ? before : written));
  }

  #builtIn(name: string): string | undefined {
    if (name === "HOME") return this.#options.home ?? homedir();
    if (name === "OWNER") return this.#options.owner ?? userInfo().username;
    if (Object.hasOwn(DAYS, name)) return dayFrom(this.#now(), DAYS[name as keyof typeof DAYS]);
    const call = DATE_CALL.exec(name);
    return call ? formatDate(this.#now(), call[1] ?? call[2] ?? "") : undefined;
  }
}

/** A `${name}` in a text, with the offsets of the whole of it. */
export interface VariableReference {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Every `${name}` in a text, in order. */
export function variableReferences(text: string): readonly VariableReference[] {
  return Array.from(text.matchAll(REFERENCE), (match) => ({
    name: (match[1] ?? "").trim(),
    start: match.index,
    end: match.index + match[0].length,
  }));
}

function namesIn(text: string): readonly string[] {
  return text.includes("${") ? variableReferences(text).map(({ name }) => name) : [];
}
