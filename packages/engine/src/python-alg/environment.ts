import type { Diagnostic, Span } from "@duet/mlsql";
import type { JsonValue } from "@duet/ray";

/** The Python environment of a training, as the bridge builds it (`python/duet/environment`). */
export interface EnvironmentSpec {
  /** Requirements in pip's words (PEP 508). */
  readonly requirements: readonly string[];
  /** The wanted Python: `3.11`, or a range such as `>=3.10,<3.13`. */
  readonly python?: string;
  /** The whole conda description, only where it has parts that pip cannot serve. */
  readonly conda?: JsonValue;
}

/** An environment that was read, or the mistakes in it (offsets count in the text). */
export type ParsedEnvironment =
  | { readonly ok: true; readonly spec: EnvironmentSpec | undefined }
  | {
      readonly ok: false;
      readonly problems: readonly {
        readonly message: string;
        readonly offset: number;
        readonly length: number;
      }[];
    };

const PYTHON = /^(?:[\w-]+::)?python(?![\w-])\s*(.*)$/u;
/** An exact version in conda's words, with or without its patch number and build: `=3.11.4=h955ad1f_0`. */
const EXACT = /^={0,3}\s*(\d+\.\d+)(?:\.[\d*]+)*(?:=\S+)?$/u;

/**
 * Reads a conda YAML (`name`, `channels`, `dependencies` with a `pip` list). One that asks only for python, pip
 * and pip packages becomes requirements; any other conda package keeps it a conda environment. An empty text is
 * no environment.
 */
export async function parseEnvironment(text: string): Promise<ParsedEnvironment> {
  if (text.trim() === "") return { ok: true, spec: undefined };
  // Loaded here: it takes time that most scripts, which describe no environment, need not spend.
  const { parseDocument } = await import("yaml");
  const document = parseDocument(text);
  const problem = (message: string, offset = 0, length = 1): ParsedEnvironment => ({
    ok: false,
    problems: [{ message, offset, length }],
  });
  if (document.errors.length > 0) {
    return {
      ok: false,
      problems: document.errors.map((error) => ({
        message: error.message.split("\n")[0] ?? error.message,
        offset: error.pos[0],
        length: Math.max(1, error.pos[1] - error.pos[0]),
      })),
    };
  }
  const content: unknown = document.toJS();
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    return problem("an environment is a conda YAML with `dependencies:`");
  }
  const dependencies = "dependencies" in content ? content.dependencies : [];
  if (!Array.isArray(dependencies)) return problem("`dependencies` is a list");
  let python: string | undefined;
  let onlyPip = true;
  const requirements: string[] = [];
  for (const item of dependencies as readonly unknown[]) {
    if (typeof item === "string") {
      const match = PYTHON.exec(item.trim());
      if (match !== null) python = pythonOf(match[1] ?? "");
      else if (!/^(?:pip|setuptools|wheel)\b/u.test(item.trim())) onlyPip = false;
    } else if (typeof item === "object" && item !== null && "pip" in item && isTexts(item.pip)) {
      requirements.push(...item.pip);
    } else {
      return problem(
        `\`${JSON.stringify(item)}\` is no dependency: write a package, or \`- pip:\` with a list of packages`,
      );
    }
  }
  if (onlyPip && requirements.length === 0 && python === undefined) return { ok: true, spec: undefined };
  return {
    ok: true,
    spec: {
      requirements,
      ...(python === undefined ? {} : { python }),
      ...(onlyPip ? {} : { conda: content as JsonValue }),
    },
  };
}

/** The mistakes of an environment as diagnostics at their places in the script. */
export function environmentDiagnostics(
  parsed: ParsedEnvironment,
  spanOf: (offset: number, length: number) => Span,
): readonly Diagnostic[] {
  if (parsed.ok) return [];
  return parsed.problems.map((problem) => ({
    code: "invalid-environment",
    severity: "error",
    message: `the environment does not parse: ${problem.message}`,
    span: spanOf(problem.offset, problem.length),
    suggestion: "it is a conda YAML, for instance `dependencies: [python=3.11, {pip: [scikit-learn]}]`",
  }));
}

function pythonOf(version: string): string | undefined {
  const text = version.trim();
  return EXACT.exec(text)?.[1] ?? (text === "" ? undefined : text);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
