import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** A block of Python in a script; `firstLine` and `firstColumn` (from 1) say where in `file` it begins. */
export interface PythonBlock {
  readonly name: string;
  readonly source: string;
  readonly file: string;
  readonly firstLine: number;
  readonly firstColumn: number;
}

/** A finding of `duet/python_alg/check.py`; lines and columns are those of the file, ends exclusive. */
export interface PythonFinding {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** Resources that a block asks for in plain numbers, from `duet/python_alg/declared_resources.py`. */
export interface DeclaredResources {
  readonly file: string;
  readonly line: number;
  /** The function or class, or the call, that asks. */
  readonly name: string;
  readonly resources: Readonly<Record<string, number>>;
}

/** Has Python compile the blocks; nothing of them is run. */
export function checkPython(
  python: string,
  pythonPath: string,
  blocks: readonly PythonBlock[],
  signal: AbortSignal,
): Promise<readonly PythonFinding[]> {
  return runHelper<PythonFinding>(python, join(pythonPath, "duet", "python_alg", "check.py"), blocks, signal);
}

/** Reads from the blocks' syntax trees what their Ray tasks and actors ask for. */
export function declaredResources(
  python: string,
  pythonPath: string,
  blocks: readonly PythonBlock[],
  signal: AbortSignal,
): Promise<readonly DeclaredResources[]> {
  return runHelper<DeclaredResources>(
    python,
    join(pythonPath, "duet", "python_alg", "declared_resources.py"),
    blocks,
    signal,
  );
}

/** JSON lines in, JSON lines out. `-I -S` keeps Python's start at a few hundredths of a second. */
async function runHelper<T>(
  python: string,
  file: string,
  blocks: readonly PythonBlock[],
  signal: AbortSignal,
): Promise<readonly T[]> {
  if (blocks.length === 0) return [];
  const child = spawn(python, ["-I", "-S", file], { stdio: ["pipe", "pipe", "pipe"], signal });
  const input = blocks.map((block) => `${JSON.stringify(block)}\n`).join("");
  child.stdin.end(input);
  const [output, errors, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  if (status !== 0)
    throw new Error(
      `${python} could not check the Python of the script (exit ${String(status)}):\n${errors.trim()}`,
    );
  return output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}
