import { isDeepStrictEqual } from "node:util";
import type { RaySize } from "./targets.ts";

/** The size alone, of options or a record that say more than that. */
export function sizeOf({ cpus, gpus, resources }: RaySize): RaySize {
  return {
    ...(cpus === undefined ? {} : { cpus }),
    ...(gpus === undefined ? {} : { gpus }),
    ...(resources === undefined ? {} : { resources }),
  };
}

/** Whether a Ray that was started with one size has all that another asks for; what is not asked for may be anything. */
export function fitsSize(has: RaySize, asked: RaySize): boolean {
  return Object.entries(sizeOf(asked)).every(([name, value]) =>
    isDeepStrictEqual(has[name as keyof RaySize], value),
  );
}
