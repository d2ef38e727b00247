import { existsSync } from "node:fs";
import { inRoot } from "./paths.mjs";
import { Problem } from "./problem.mjs";

/** The Node that runs Duet's TypeScript: the one among the npm packages, or this machine's own from 24 on. */
export function findNode24() {
  const locked = inRoot("node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
  if (existsSync(locked)) return locked;
  return Number(process.versions.node.split(".")[0]) >= 24 ? process.execPath : undefined;
}

/** As findNode24. @throws {Problem} when there is none for this machine. */
export function requireNode24() {
  const node = findNode24();
  if (node === undefined)
    throw new Problem(`Node 24 is not among the npm packages for ${process.platform}-${process.arch}`, {
      remedy: `install Node 24 or later on this machine (this one is ${process.versions.node}) and run the same command with it`,
    });
  return node;
}
