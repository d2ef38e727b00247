import { setTimeout } from "node:timers/promises";
import type { Lake } from "./lake.ts";

/** Milliseconds between two looks, how many of them must find nothing, and how many there are at most. */
const PAUSE = 50;
const QUIET_LOOKS = 3;
const MOST_LOOKS = 60;

/**
 * Removes what a write that failed or was interrupted has left. Its other tasks may write on for a moment and make
 * the directory anew: it is removed until it stays away, for 3 s at most.
 */
export async function removeUntilGone(lake: Lake, path: string): Promise<void> {
  let quiet = 0;
  for (let look = 0; look < MOST_LOOKS && quiet < QUIET_LOOKS; look += 1) {
    await removeBusy(lake, path);
    await setTimeout(PAUSE);
    quiet = (await lake.stat(path)) === undefined ? quiet + 1 : 0;
  }
  await lake.remove(path);
}

/** A directory that gets a file while it is being removed is not empty: that is for the next look. */
async function removeBusy(lake: Lake, path: string): Promise<void> {
  try {
    await lake.remove(path);
  } catch (error) {
    if ((await lake.stat(path)) === undefined) throw error;
  }
}
