import { readdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { machineMemory } from "./machine-memory.ts";
import type { RaySize } from "./targets.ts";

/** Where Linux lists NVIDIA's GPUs; Ray counts them there too. */
const NVIDIA_DEVICES = "/proc/driver/nvidia/gpus";

/** The logical resources that the embedded one-node Ray will have, known without starting it. */
export async function embeddedRayResources(size: RaySize): Promise<Readonly<Record<string, number>>> {
  return {
    ...size.resources,
    CPU: size.cpus ?? availableParallelism(),
    GPU: size.gpus ?? (await countGpus()),
    memory: machineMemory(),
  };
}

async function countGpus(): Promise<number> {
  const visible = process.env.CUDA_VISIBLE_DEVICES;
  if (visible !== undefined) return visible.split(",").filter((device) => device.trim() !== "").length;
  try {
    return (await readdir(NVIDIA_DEVICES)).length;
  } catch {
    // No driver, or another system: there is none that Ray would find.
    return 0;
  }
}
