import { once } from "node:events";
import type { OutputWriter } from "@duet/python-script";

/** Writes what a run prints to our own streams, as fast as their readers take it. */
export const writeOutput: OutputWriter = async (stream, bytes) => {
  const target = process[stream];
  // A reader that has gone is told by the stream's `error` event, which ends the command.
  if (!target.write(bytes) && !target.destroyed) await once(target, "drain");
};
