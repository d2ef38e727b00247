import type { AlgorithmStatement, Span } from "@duet/mlsql";
import { Options } from "../options.ts";
import type { Run } from "../run.ts";
import { StepError } from "../step-error.ts";

/** One group of hyper-parameters: `fitParam.<index>.<key>`. */
export interface ParameterGroup {
  readonly index: number;
  readonly fitParam: Readonly<Record<string, string>>;
}

/** The files in which a training finds its data, beside the Arrow table. */
export type DataFormat = "parquet" | "json";

/** The options of `train … as PythonAlg`, read and checked. */
export interface TrainingOptions {
  readonly scripts: readonly string[];
  readonly entryPoint: string;
  readonly entryPointSpan: Span;
  readonly condaFile: string | undefined;
  readonly condaFileSpan: Span;
  readonly keepVersion: boolean;
  readonly enableDataLocal: boolean;
  readonly groups: readonly (ParameterGroup & { readonly dataFormat: DataFormat })[];
  readonly systemParam: Readonly<Record<string, string>>;
  readonly resource: Readonly<Record<string, string>>;
  /** All options as written, for the manifest. */
  readonly all: Readonly<Record<string, string>>;
  readonly span: (key: string) => Span;
}

/** Reads the options of a training; throws a {@link StepError} that names the option at fault. */
export function trainingOptions(run: Run, statement: AlgorithmStatement): TrainingOptions {
  const options = new Options(run, statement.options);
  const span = (key: string): Span => options.span(key, statement.span);
  const scripts = options.list("scripts");
  const entryPoint = options.get("entryPoint") ?? (scripts.length === 1 ? scripts[0] : undefined);
  if (entryPoint === undefined || scripts.length === 0) {
    const missing = scripts.length === 0 ? "scripts" : "entryPoint";
    const message = `PythonAlg needs ${missing}="…": the table${missing === "scripts" ? "s" : ""} with the Python code`;
    throw StepError.at(statement.span, "missing-option", message);
  }
  const groups = parameterGroups(options.family("fitParam."));
  const format = dataFormat(options.get("dataLocalFormat") ?? "parquet", span("dataLocalFormat"));
  return {
    scripts,
    entryPoint,
    entryPointSpan: span("entryPoint"),
    condaFile: options.get("condaFile"),
    condaFileSpan: span("condaFile"),
    keepVersion: options.boolean("keepVersion", true),
    enableDataLocal: options.boolean("enableDataLocal", true),
    groups: groups.map((group) => {
      const own = group.fitParam.fileFormat;
      const at = span(`fitParam.${group.index}.fileFormat`);
      return { ...group, dataFormat: own === undefined ? format : dataFormat(own, at) };
    }),
    systemParam: options.family("systemParam."),
    resource: { ...options.family("resource."), ...options.family("fitParam.resource.") },
    all: options.record(),
    span,
  };
}

/** Groups by their number; a script without `fitParam` has one group without parameters. */
function parameterGroups(fitParam: Readonly<Record<string, string>>): readonly ParameterGroup[] {
  const groups = new Map<number, Record<string, string>>();
  for (const [key, value] of Object.entries(fitParam)) {
    const [, number, name] = /^(\d+)\.(.+)$/u.exec(key) ?? [];
    if (number === undefined || name === undefined) continue;
    const group = groups.get(Number(number)) ?? {};
    group[name] = value;
    groups.set(Number(number), group);
  }
  if (groups.size === 0) groups.set(0, {});
  return [...groups].sort(([a], [b]) => a - b).map(([index, own]) => ({ index, fitParam: own }));
}

function dataFormat(text: string, span: Span): DataFormat {
  if (text === "parquet" || text === "json") return text;
  throw StepError.at(span, "invalid-option", `the data can be "parquet" or "json" files, not "${text}"`);
}
