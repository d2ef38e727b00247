import { totalmem } from "node:os";

/** The memory in bytes that this process may use: the container's limit where there is one, else the machine's. */
export function machineMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}

/** Bytes that the embedded Spark may use for queries; the rest is for Ray, its object store and the files cached. */
export function sparkMemory(): number {
  return Math.floor(machineMemory() * 0.6);
}
