/** The statements that name an algorithm. */
export type AlgorithmUse = "train" | "run" | "predict" | "register";

/**
 * What an option's value is. `memory` is bytes or `512m`, `2g`; `json` a JSON object; `table` a table's name;
 * `script-table` and `script-tables` (parted by commas) name tables that hold Python; `environment-table` one that
 * holds a conda YAML; `python` is code written in the option itself.
 */
export type OptionType =
  | "text"
  | "boolean"
  | "integer"
  | "number"
  | "memory"
  | "json"
  | "table"
  | "script-table"
  | "script-tables"
  | "environment-table"
  | "python";

/** An option, or a family of options, of an algorithm or a format. */
export interface OptionDescription {
  /** A key, or a pattern of keys: a part `N` is any whole number, a last part `*` is anything: `fitParam.N.*`. */
  readonly name: string;
  readonly type: OptionType;
  /** One sentence for a person. */
  readonly summary?: string;
  readonly required?: boolean;
  /** The statements that know the option; absent where all of the algorithm's do. */
  readonly statements?: readonly AlgorithmUse[];
  /** The only values that are allowed. */
  readonly values?: readonly string[];
  /** The least value of an `integer` or a `number`. */
  readonly minimum?: number;
  /**
   * The option whose tables this one chooses from: `entryPoint` is among `scripts`. Where that one names a single
   * table, this option may be left out even if it is required.
   */
  readonly among?: string;
}

/** An algorithm: what stands before the path in train, run, predict and register. */
export interface AlgorithmDescription {
  readonly name: string;
  readonly statements: readonly AlgorithmUse[];
  readonly options: readonly OptionDescription[];
  /** Whether options beyond the described ones are allowed. */
  readonly openOptions?: boolean;
  /** Whether an empty path is a mistake. */
  readonly needsPath?: boolean;
}

/** A format of load and save. Names are compared without case. */
export interface FormatDescription {
  readonly name: string;
  readonly load: boolean;
  readonly save: boolean;
  /** What the path means: files, a table of the catalogue, the name of a variable, or the format's own affair. */
  readonly path: "files" | "catalog-table" | "variable" | "other";
  readonly options: readonly OptionDescription[];
  /** Whether options beyond the described ones go to Spark; then one that is near a described one is a warning. */
  readonly openOptions?: boolean;
  /** Why the engine at hand cannot do it, and the way out. */
  readonly lacking?: { readonly message: string; readonly suggestion?: string };
}

/** A `!command`. Names are compared without case. */
export interface CommandDescription {
  readonly name: string;
  /** How it is written: `!desc table`. */
  readonly usage: string;
  readonly minimumArguments: number;
  /** Absent where there may be any number. */
  readonly maximumArguments?: number;
  /** The words of which one must come first, as `tables` in `!show tables`. */
  readonly firstArguments?: readonly string[];
  /** Which arguments (from 0) name tables that must be there. */
  readonly tableArguments?: readonly number[];
}
