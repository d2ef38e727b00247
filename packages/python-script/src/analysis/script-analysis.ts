/** A place of a script, or of a module beside it, that needs more than Spark Connect on Sail. */
export interface ClassicUse {
  /** `classic`: a driver in the script's own process (RDDs, the JVM); `apache`: Apache Spark (MLlib), by Connect too. */
  readonly need: "classic" | "apache";
  /** What stands there: `.rdd`, `pyspark.mllib`, `libsvm`. */
  readonly name: string;
  readonly file: string;
  /** From 1; columns in characters. */
  readonly line: number;
  readonly column: number;
}

/** What `python/duet/script/analysis/analyse.py` has read from a script's syntax tree. */
export interface ScriptAnalysis {
  /** The engines that the script or a module beside it imports. */
  readonly engines: readonly ("spark" | "ray")[];
  /** In the script's order. */
  readonly findings: readonly ClassicUse[];
  /** The texts of its `# /// script` blocks (PEP 723), and the lines on which they begin. */
  readonly metadata: readonly { readonly text: string; readonly line: number }[];
  readonly files: readonly string[];
  /** False where there are so many modules beside it that not all were read. */
  readonly complete: boolean;
  /** Where it does not compile; Python says so when it runs. */
  readonly syntaxError?: {
    readonly file: string;
    readonly line: number;
    readonly column: number;
    readonly message: string;
  };
}
