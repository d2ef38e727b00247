import { existsSync, rmSync } from "node:fs";
import { run } from "../lib/command.mjs";
import { findPython } from "../lib/find-python.mjs";
import { inRoot, root } from "../lib/paths.mjs";
import { explainInstall, Problem } from "../lib/problem.mjs";
import { hashOf, readStamp, removeStamp, writeStamp } from "../lib/stamp.mjs";
import { checkHashes } from "./python-environment.mjs";

const lock = "python/requirements-uv.lock";
const hash = () => hashOf([lock], [root]);

/** The path of the locked uv, once its step is done. */
export const uvPath = () => readStamp("uv")?.path;

const installArguments = [
  "install",
  "--require-hashes",
  "--no-deps",
  "--disable-pip-version-check",
  "-r",
  inRoot(lock),
];

/** Where the base Python has no venv module (Debian without python3-venv), pip's --target does as well. */
async function installBare(python, onLine, venvFailure) {
  rmSync(inRoot(".uv"), { recursive: true, force: true });
  try {
    await run(python, ["-m", "pip", "--version"]);
  } catch (cause) {
    throw new Problem(`${python} has neither a working venv module nor pip`, {
      details: venvFailure.lines.slice(-6),
      remedy: "install them (Debian, Ubuntu: apt install python3-venv) and run the same command again",
      cause,
    });
  }
  await run(python, ["-m", "pip", ...installArguments, "--target", inRoot(".uv")], { onLine });
}

/** Installs the locked uv, which makes the Python environments, into `.uv`. */
export const uv = {
  title: "uv",
  space: 80,
  done: () => readStamp("uv")?.hash === hash() && existsSync(uvPath()),
  async run(report) {
    checkHashes(lock);
    const python = await findPython();
    removeStamp("uv");
    rmSync(inRoot(".uv"), { recursive: true, force: true });
    report(`with Python ${python.version}`);
    let venvFailure;
    try {
      await run(python.path, ["-m", "venv", inRoot(".uv")]);
    } catch (failure) {
      venvFailure = failure;
    }
    try {
      if (venvFailure) await installBare(python.path, report, venvFailure);
      else await run(inRoot(".uv/bin/python"), ["-m", "pip", ...installArguments], { onLine: report });
    } catch (failure) {
      throw failure instanceof Problem ? failure : explainInstall("installing uv", "PyPI", failure);
    }
    const path = inRoot(".uv/bin/uv");
    const version = (await run(path, ["--version"])).trim();
    writeStamp("uv", { hash: hash(), path });
    return version;
  },
};
