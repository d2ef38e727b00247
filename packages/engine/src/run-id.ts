import { randomBytes } from "node:crypto";

/** A new run's id: when it began (UTC) and something random, e.g. `20261124-140312-ab12cd`. */
export function newRunId(now = new Date()): string {
  const time = now
    .toISOString()
    .replaceAll(/[-:]|\.\d+Z/gu, "")
    .replace("T", "-");
  return `${time}-${randomBytes(3).toString("hex")}`;
}
