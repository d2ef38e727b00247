import type { EngineRecordName } from "./engine-record.ts";
import type { EngineStart, StartedEngine } from "./started-engine.ts";
import type { RaySize } from "./targets.ts";

/** Starts an embedded engine by name; the code of an engine that is not asked for is not loaded. */
export async function startEngine(
  name: EngineRecordName,
  start: EngineStart,
  size: RaySize,
): Promise<StartedEngine> {
  switch (name) {
    case "sail":
      return (await import("./sail.ts")).startSail(start);
    case "apache":
      return (await import("./apache.ts")).startApacheSpark(start);
    case "gateway":
      return (await import("./gateway.ts")).startGatewayProcess(start, start.spark ?? "sail");
    case "ray":
      return (await import("./ray.ts")).startRay(start, size);
  }
}
