import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Problem } from "./problem.mjs";

const names = ["python3.13", "python3.12", "python3.11", "python3.10", "python3", "python"];
const question =
  "import sys, platform; print(*sys.version_info[:2], platform.python_implementation(), sys.executable, sep='\\t')";

async function ask(command) {
  try {
    const { stdout } = await promisify(execFile)(command, ["-I", "-c", question], { timeout: 20_000 });
    const [major, minor, implementation, path] = stdout.trim().split("\t");
    if (path === undefined) return { command, problem: "is no Python" };
    return {
      command,
      path,
      minor: major === "3" ? Number(minor) : -1,
      implementation,
      version: `${major}.${minor}`,
    };
  } catch (error) {
    // A missing command is no answer; so is a version manager's stand-in for a version that is not installed.
    return { command, problem: error.code === "ENOENT" ? "not found" : "does not run" };
  }
}

const fits = (python, least) =>
  python.problem === undefined &&
  python.implementation === "CPython" &&
  python.minor >= least &&
  python.minor <= 13;

/**
 * Finds a CPython from 3.`least` to 3.13: the one that DUET_PYTHON_BASE names, else the newest on the path.
 * Each candidate is run, because a name on the path says little.
 * @throws {Problem} when there is none.
 */
export async function findPython(least = 10) {
  const wanted = process.env.DUET_PYTHON_BASE;
  const seen = [];
  for (const command of wanted ? [wanted] : names) {
    const python = await ask(command);
    if (fits(python, least)) return python;
    seen.push(`${command}: ${python.problem ?? `${python.implementation} ${python.version}`}`);
  }
  throw new Problem(
    wanted
      ? `DUET_PYTHON_BASE names no CPython from 3.${least} to 3.13`
      : `no CPython from 3.${least} to 3.13 on this machine`,
    {
      details: seen,
      remedy:
        "install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python@3.12), " +
        "or name it: DUET_PYTHON_BASE=/path/to/python3",
    },
  );
}
