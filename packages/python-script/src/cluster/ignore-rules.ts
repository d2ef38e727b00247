import { readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import ignore, { type Ignore } from "ignore";

/** The file of a folder that says, in the notation of `.gitignore`, what of it stays here. */
const OWN_FILE = ".duetignore";
const GIT_FILE = ".gitignore";

/**
 * What never has to be on a cluster: histories, environments and what tools leave. `.env` often holds secrets, and what is
 * uploaded can be read by everybody who may use the cluster. `!name` in `.duetignore` takes one in again.
 */
const DEFAULTS = [
  ...[".git", ".hg", ".svn", "__pycache__", "*.pyc", ".venv*", "venv", "node_modules", ".env", ".env.*"],
  ...[
    ".ipynb_checkpoints",
    ".pytest_cache",
    ".ruff_cache",
    ".mypy_cache",
    ".tox",
    ".nox",
    ".idea",
    ".vscode",
  ],
  ...[".DS_Store", "*.egg-info", "*.swp", "spark-warehouse", "metastore_db", "derby.log"],
];

interface Rules {
  readonly folder: string;
  readonly rules: Ignore;
}

/** Says which files of a folder stay here, as git does: the rules of a deeper folder come last. */
export class IgnoreRules {
  readonly #fileName: string;
  readonly #layers: readonly Rules[];

  private constructor(fileName: string, layers: readonly Rules[]) {
    this.#fileName = fileName;
    this.#layers = layers;
  }

  /** The rules at the top of a folder: `.duetignore` where there is one, else `.gitignore`. */
  static async of(folder: string): Promise<IgnoreRules> {
    const defaults = { folder, rules: ignore().add(DEFAULTS) };
    const own = await readRules(folder, OWN_FILE);
    if (own !== undefined) return new IgnoreRules(OWN_FILE, [defaults, own]);
    const git = await readRules(folder, GIT_FILE);
    return new IgnoreRules(GIT_FILE, git === undefined ? [defaults] : [defaults, git]);
  }

  /** The rules inside a sub-folder, which may have a file of its own. */
  async below(folder: string): Promise<IgnoreRules> {
    const layer = await readRules(folder, this.#fileName);
    return layer === undefined ? this : new IgnoreRules(this.#fileName, [...this.#layers, layer]);
  }

  /** Whether a file or folder stays here. */
  ignores(path: string, isFolder: boolean): boolean {
    let ignored = false;
    for (const { folder, rules } of this.#layers) {
      const name = relative(folder, path).split(sep).join("/");
      const result = rules.test(isFolder ? `${name}/` : name);
      ignored = (ignored || result.ignored) && !result.unignored;
    }
    return ignored;
  }
}

async function readRules(folder: string, fileName: string): Promise<Rules | undefined> {
  try {
    return { folder, rules: ignore().add(await readFile(join(folder, fileName), "utf8")) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
