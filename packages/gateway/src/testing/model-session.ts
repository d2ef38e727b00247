/** What a statement does to the session of {@link ModelSession}. */
export type ModelChange =
  | { readonly type: "set"; readonly key: string; readonly value: string }
  | { readonly type: "reset"; readonly key: string | undefined }
  | {
      readonly type: "view";
      readonly name: string;
      readonly replace: boolean;
      readonly from: readonly string[];
    }
  | { readonly type: "drop view"; readonly name: string }
  | { readonly type: "rename view"; readonly name: string; readonly to: string }
  | { readonly type: "function"; readonly name: string; readonly replace: boolean; readonly body: string }
  | { readonly type: "drop function"; readonly name: string }
  | { readonly type: "declare"; readonly name: string; readonly replace: boolean; readonly value: number }
  | {
      readonly type: "set variable";
      readonly name: string;
      readonly from: string | undefined;
      readonly value: number;
    }
  | { readonly type: "drop variable"; readonly name: string }
  | { readonly type: "catalog"; readonly name: string }
  | { readonly type: "database"; readonly name: string }
  | { readonly type: "cache"; readonly name: string }
  | { readonly type: "uncache"; readonly name: string }
  | { readonly type: "clear cache" };

/** The databases of each catalogue besides `default`. */
const DATABASES: Readonly<Record<string, readonly string[]>> = {
  spark_catalog: ["d1", "d2"],
  other: ["d2", "d3"],
};

/**
 * A session by the rules of Spark, without Spark: what is made keeps what it was made of, with the settings and the
 * current database of that time, so that two sessions that print the same are the same.
 */
export class ModelSession {
  readonly #settings = new Map<string, string>();
  readonly #views = new Map<string, string>();
  readonly #functions = new Map<string, string>();
  readonly #variables = new Map<string, string>();
  readonly #cached = new Map<string, string>();
  #catalog = "spark_catalog";
  #database = "default";

  /** All that the session is, as text. */
  toString(): string {
    const maps = [this.#settings, this.#views, this.#functions, this.#variables, this.#cached];
    return JSON.stringify(
      [this.#catalog, this.#database, ...maps.map((map) => [...map].sort())],
      undefined,
      1,
    );
  }

  /** Makes a change; false where Spark would refuse it, and nothing has changed. */
  apply(change: ModelChange): boolean {
    switch (change.type) {
      case "set":
        this.#settings.set(change.key, change.value);
        return true;
      case "reset":
        if (change.key === undefined) this.#settings.clear();
        else this.#settings.delete(change.key);
        return true;
      case "view": {
        const sources = change.from.map((name) => this.#views.get(name) ?? this.#variables.get(name));
        if (sources.includes(undefined) || (!change.replace && this.#views.has(change.name))) return false;
        this.#views.set(change.name, this.#made(sources));
        this.#cached.delete(change.name);
        return true;
      }
      case "drop view":
        this.#cached.delete(change.name);
        return this.#views.delete(change.name);
      case "rename view":
        return this.#rename(change.name, change.to);
      case "function":
        if (!change.replace && this.#functions.has(change.name)) return false;
        this.#functions.set(change.name, this.#made([change.body]));
        return true;
      case "drop function":
        return this.#functions.delete(change.name);
      case "declare":
        if (!change.replace && this.#variables.has(change.name)) return false;
        this.#variables.set(change.name, String(change.value));
        return true;
      case "set variable": {
        const from = change.from === undefined ? "" : this.#variables.get(change.from);
        if (!this.#variables.has(change.name) || from === undefined) return false;
        this.#variables.set(change.name, `${from}+${change.value}`);
        return true;
      }
      case "drop variable":
        return this.#variables.delete(change.name);
      case "catalog":
        this.#catalog = change.name;
        this.#database = "default";
        return true;
      case "database":
        if (DATABASES[this.#catalog]?.includes(change.name) !== true) return false;
        this.#database = change.name;
        return true;
      case "cache": {
        const view = this.#views.get(change.name);
        if (view === undefined) return false;
        this.#cached.set(change.name, view);
        return true;
      }
      case "uncache":
        return this.#cached.delete(change.name);
      case "clear cache":
        this.#cached.clear();
        return true;
    }
  }

  #rename(name: string, to: string): boolean {
    const view = this.#views.get(name);
    if (view === undefined || this.#views.has(to)) return false;
    this.#views.delete(name);
    this.#cached.delete(name);
    this.#views.set(to, view);
    return true;
  }

  #made(of: readonly (string | undefined)[]): string {
    return JSON.stringify([of, [...this.#settings].sort(), this.#catalog, this.#database]);
  }
}

/** The change as a statement of Spark SQL. */
export function changeSql(change: ModelChange): string {
  switch (change.type) {
    case "set":
      return `SET spark.${change.key} = ${change.value}`;
    case "reset":
      return change.key === undefined ? "RESET" : `RESET spark.${change.key}`;
    case "view":
      return `CREATE ${replace(change)}TEMPORARY VIEW ${change.name} AS SELECT * FROM range(1)${change.from.map((name) => `, ${name}`).join("")}`;
    case "drop view":
      return `DROP VIEW ${change.name}`;
    case "rename view":
      return `ALTER VIEW ${change.name} RENAME TO ${change.to}`;
    case "function":
      return `CREATE ${replace(change)}TEMPORARY FUNCTION ${change.name}() RETURNS STRING RETURN '${change.body}'`;
    case "drop function":
      return `DROP TEMPORARY FUNCTION ${change.name}`;
    case "declare":
      return `DECLARE ${replace(change)}VARIABLE ${change.name} INT DEFAULT ${change.value}`;
    case "set variable":
      return `SET VAR ${change.name} = ${change.from ?? 0} + ${change.value}`;
    case "drop variable":
      return `DROP TEMPORARY VARIABLE ${change.name}`;
    case "catalog":
      return `SET CATALOG ${change.name}`;
    case "database":
      return `USE DATABASE ${change.name}`;
    case "cache":
      return `CACHE LAZY TABLE ${change.name}`;
    case "uncache":
      return `UNCACHE TABLE ${change.name}`;
    case "clear cache":
      return "CLEAR CACHE";
  }
}

function replace(change: { readonly replace: boolean }): string {
  return change.replace ? "OR REPLACE " : "";
}
