import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ScriptAnalysis } from "./script-analysis.ts";

/** An analysis of very many files is still far smaller than this. Bytes. */
const MOST_OUTPUT = 64 * 1024 * 1024;

/** What to analyse, and by which Python. */
export interface AnalyseOptions {
  /** Any Python 3.10 or later. */
  readonly python: string;
  /** The folder with the package `duet`. */
  readonly pythonPath: string;
  /** The script's path; relative ones count from `workingDirectory`. */
  readonly script: string;
  readonly workingDirectory: string;
  readonly signal?: AbortSignal;
}

/**
 * Reads a script's syntax tree, and those of the modules beside it, in a few hundredths of a second; nothing of it is
 * run. A missing script has nothing in it.
 */
export async function analyseScript(options: AnalyseOptions): Promise<ScriptAnalysis> {
  const program = join(options.pythonPath, "duet", "script", "analysis", "analyse.py");
  // Isolated and without site-packages: starts faster, and imports nothing of the user's.
  const { stdout } = await promisify(execFile)(options.python, ["-I", "-S", program, options.script], {
    cwd: options.workingDirectory,
    maxBuffer: MOST_OUTPUT,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return JSON.parse(stdout) as ScriptAnalysis;
}
