import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync, linkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stampFolder } from "./paths.mjs";

const file = join(stampFolder, "lock");

/** When a process was started, in the kernel's ticks; a recycled process id has another value. Linux only. */
function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function isAlive({ pid, start }) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code === "ESRCH") return false;
  }
  return start === undefined || startOf(pid) === start;
}

function readHolder() {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Takes the lock if it is free; the file appears whole, so that nobody reads half of it. */
function take() {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, JSON.stringify({ pid: process.pid, start: startOf(process.pid) }));
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Removes a dead holder's lock; of several that try, exactly one renames it away. */
function removeStale() {
  const stale = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, stale);
  } catch (error) {
    if (error.code === "ENOENT") return;
    throw error;
  }
  try {
    // Another set-up may have replaced the dead lock in between: then it was a living one that we moved.
    if (isAlive(JSON.parse(readFileSync(stale, "utf8")))) linkSync(stale, file);
  } finally {
    rmSync(stale, { force: true });
  }
}

/** Gives the lock back. */
export function releaseLock() {
  if (readHolder()?.pid === process.pid) rmSync(file, { force: true });
}

/**
 * Waits until no other set-up is at work in this checkout, then holds the lock.
 * `onWait` is called once with the other's process id.
 */
export async function holdLock(onWait) {
  mkdirSync(stampFolder, { recursive: true });
  let told = false;
  while (!take()) {
    const holder = readHolder();
    if (holder === undefined) continue;
    if (!isAlive(holder)) {
      removeStale();
      continue;
    }
    if (!told) onWait(holder.pid);
    told = true;
    await sleep(200);
  }
}
