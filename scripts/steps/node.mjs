import { run } from "../lib/command.mjs";
import { findNode24, requireNode24 } from "../lib/node24.mjs";
import { Problem } from "../lib/problem.mjs";
import { readStamp, writeStamp } from "../lib/stamp.mjs";

/** Finds the Node that runs Duet and proves that it starts here. */
export const node = {
  title: "Node 24",
  space: 0,
  done: () => findNode24() !== undefined && readStamp("node")?.path === findNode24(),
  async run() {
    const path = requireNode24();
    let version;
    try {
      version = (await run(path, ["--version"])).trim();
    } catch (failure) {
      throw new Problem(`${path} does not start here (${failure.reason})`, {
        details: failure.lines.slice(-5),
        remedy: "this system's libraries may be too old for it: install Node 24 or later on this machine",
        cause: failure,
      });
    }
    writeStamp("node", { path, version });
    return version;
  },
};
