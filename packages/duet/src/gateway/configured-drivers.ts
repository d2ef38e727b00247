import { sparkMemory } from "../embedded/machine-memory.ts";
import type { ConfigurationFlags, ConfiguredDriver, DriverSource } from "./configuration.ts";
import type { DriverTable } from "./gateway-schema.ts";
import type { Resolution } from "./resolution.ts";

const DEFAULT_POOL = "default";

/** Sessions that a driver takes when it is not said. */
const CAPACITY = 100;

/** Drivers of a gateway that is told of none: one can be restarted while the other goes on. */
const COUNT = 2;

/** The drivers that the file names, else some on this machine. */
export function configuredDrivers(
  tables: Readonly<Record<string, DriverTable>> | undefined,
  flags: ConfigurationFlags,
  resolution: Resolution,
): readonly ConfiguredDriver[] {
  const named = Object.entries(tables ?? {});
  if (named.length > 0 && (flags.spark !== undefined || flags.count !== undefined)) {
    resolution.mistake(["drivers"], "is there, so --spark and --drivers have no effect: leave them out");
  }
  const kind = flags.spark === "apache" ? "spark" : "sail";
  const chosen: typeof named =
    named.length > 0 ? named : [[flags.spark ?? "sail", { kind, count: flags.count ?? COUNT }]];
  const own = chosen.reduce((sum, [, table]) => sum + (table.kind === "address" ? 0 : (table.count ?? 1)), 0);
  // Drivers of one machine share its memory.
  const memory = Math.floor(sparkMemory() / Math.max(1, own));
  const drivers = chosen.flatMap(([name, table]) =>
    idsOf(name, table).map((id): ConfiguredDriver => {
      const { pool = DEFAULT_POOL, capacity = CAPACITY } = table;
      return { id, pool, capacity, source: sourceOf(table, memory, resolution) };
    }),
  );
  const ids = new Set<string>();
  for (const { id } of drivers) {
    if (ids.has(id)) resolution.mistake(["drivers", id], `is also a driver of a table with \`count\``);
    ids.add(id);
  }
  return drivers;
}

/** `a` for one driver, `a-1`, `a-2` … for several alike. */
function idsOf(name: string, table: DriverTable): readonly string[] {
  const count = table.kind === "address" ? 1 : (table.count ?? 1);
  return count === 1 ? [name] : Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);
}

function sourceOf(table: DriverTable, memory: number, resolution: Resolution): DriverSource {
  switch (table.kind) {
    case "sail":
      return { kind: "sail", memory: table.memory ?? memory, environment: table.environment ?? {} };
    case "spark": {
      const { version, master = "local[*]", settings = {}, environment = {} } = table;
      const megabytes = String(Math.floor(memory / 2 ** 20));
      const local = master.startsWith("local") ? { "spark.driver.memory": `${megabytes}m` } : {};
      return {
        ...{ kind: "spark", version, home: resolution.path(table.home), master, environment },
        settings: { ...local, ...settings },
      };
    }
    case "address":
      return { kind: "address", address: table.address, version: table.version };
  }
}
