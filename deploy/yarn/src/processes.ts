import { readdir, readFile, readlink } from "node:fs/promises";
import { sep } from "node:path";
import {
  descendants,
  identify,
  isRunning,
  type ProcessIdentity,
} from "../../../packages/duet/src/embedded/process-identity.ts";

export {
  endTree,
  identify,
  isRunning,
  sendSignal,
  type ProcessIdentity,
} from "../../../packages/duet/src/embedded/process-identity.ts";

/** Processes that work in a folder or below it, whoever started them: containers whose NodeManager was killed. */
export async function processesIn(folder: string): Promise<readonly ProcessIdentity[]> {
  const names = (await readdir("/proc")).filter((name) => /^\d+$/u.test(name));
  const found = await Promise.all(
    names.map(async (name) => {
      const place = await readlink(`/proc/${name}/cwd`).catch(() => undefined);
      const inside = place === folder || place?.startsWith(folder + sep) === true;
      return inside && Number(name) !== process.pid ? identify(Number(name)) : undefined;
    }),
  );
  return found.filter((identity) => identity !== undefined);
}

/** Bytes of memory of a process and all below it, pages that several share counted once (PSS). Linux alone tells. */
export async function memoryOf(identity: ProcessIdentity): Promise<number> {
  if (!(await isRunning(identity))) return 0;
  const members = [identity, ...(await descendants(identity))];
  const sizes = await Promise.all(
    members.map(async ({ pid }) => {
      const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
      return Number(/^Pss:\s+(\d+) kB$/mu.exec(text)?.[1] ?? 0) * 1024;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
