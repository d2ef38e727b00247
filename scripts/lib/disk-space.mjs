import { statfsSync } from "node:fs";
import { root } from "./paths.mjs";
import { Problem } from "./problem.mjs";

/** @throws {Problem} when the checkout's disk has less free space than the steps need (megabytes). */
export function checkDiskSpace(needed) {
  const { bavail, bsize } = statfsSync(root);
  const free = Math.floor((bavail * bsize) / 1_000_000);
  if (free < needed)
    throw new Problem(
      `set-up needs ${needed.toLocaleString("en")} MB of disk, and ${free.toLocaleString("en")} MB are free`,
      {
        details: [root],
        remedy: "free some space on that disk, or make the checkout on a larger one",
      },
    );
}
