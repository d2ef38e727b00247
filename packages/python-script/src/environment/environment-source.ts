import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import { parseEnvironment } from "@duet/engine";
import type { EnvironmentSource } from "./script-environment.ts";
import { ScriptEnvironmentError } from "./script-environment-error.ts";

/** A description of an environment as `duet.environment.wanted` (Python) takes it. */
export type EnvironmentSpec = Readonly<Record<string, unknown>>;

/** A description that was found, and the text that it was found in. */
export interface FoundSource {
  readonly spec: EnvironmentSpec;
  /** The file that it stands in. */
  readonly file: string;
  readonly text: string;
}

/** Finds what describes a script's environment: the given file, else its metadata; `undefined`: nothing does. */
export async function findSource(source: EnvironmentSource): Promise<FoundSource | undefined> {
  if (source.environmentFile !== undefined) return fromFile(source.environmentFile);
  const [block, second] = source.metadata ?? [];
  if (block === undefined) return undefined;
  if (second !== undefined) {
    throw new ScriptEnvironmentError({
      code: "environment-invalid",
      message: "the script has two blocks of metadata (`# /// script`), and may have one",
      file: source.script,
      line: second.line,
    });
  }
  const inline = { script: source.script, toml: block.text, line: block.line + 1 };
  return { spec: { inline }, file: source.script, text: block.text };
}

async function fromFile(file: string): Promise<FoundSource> {
  const text = await readText(file);
  const name = basename(file);
  if (name === "pyproject.toml") return { spec: { projectFile: file }, file, text };
  const extension = extname(name).toLowerCase();
  if (extension === ".txt" || extension === ".in") return { spec: { requirementsFile: file }, file, text };
  if (extension === ".yml" || extension === ".yaml") return { spec: await condaSpec(file, text), file, text };
  throw new ScriptEnvironmentError({
    code: "environment-unsupported",
    message: `${name} is no kind of environment that Duet knows`,
    help: "give a requirements file (.txt), a pyproject.toml or a conda YAML (.yml)",
    file,
  });
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new ScriptEnvironmentError({
      code: "environment-missing",
      message: missing
        ? `there is no environment file ${file}`
        : `the environment file ${file} cannot be read: ${(cause as Error).message}`,
      help: "check the path that --env names; a relative one counts from the working directory",
      cause,
    });
  }
}

async function condaSpec(file: string, text: string): Promise<EnvironmentSpec> {
  const parsed = await parseEnvironment(text);
  const lineOf = (offset: number): number => text.slice(0, offset).split("\n").length;
  if (!parsed.ok) {
    const [first] = parsed.problems;
    throw new ScriptEnvironmentError({
      code: "environment-invalid",
      message: `the environment does not parse: ${first?.message ?? ""}`,
      help: "it is a conda YAML, for instance `dependencies: [python=3.11, {pip: [scikit-learn]}]`",
      file,
      line: lineOf(first?.offset ?? 0),
    });
  }
  const { requirements = [], ...rest } = parsed.spec ?? {};
  const placed = requirements.map((requirement) => {
    const offset = text.indexOf(requirement);
    return { text: requirement, ...(offset < 0 ? {} : { line: lineOf(offset) }) };
  });
  return { ...rest, requirements: placed, file };
}
