import { join } from "node:path";
import type { StoreOptions } from "@duet/gateway";
import type { GatewayTable } from "./gateway-schema.ts";
import type { Resolution } from "./resolution.ts";

/** The environment variable with the address of PostgreSQL, which holds a password. */
const VARIABLE = "DUET_GATEWAY_STORE";

/** Where sessions are kept: as the file says, else in the PostgreSQL of the environment, else in SQLite in `folder`. */
export function resolveStore(
  store: GatewayTable["store"],
  folder: string,
  resolution: Resolution,
): StoreOptions {
  const named = resolution.environment[VARIABLE]?.trim() ?? "";
  const type = store?.type ?? (named === "" ? "sqlite" : "postgres");
  if (type === "memory") return { type };
  if (type === "sqlite") {
    const given = store?.type === "sqlite" ? resolution.path(store.file) : undefined;
    return { type, file: given ?? join(folder, "sessions.db") };
  }
  const variable = (store?.type === "postgres" ? store["url-env"] : undefined) ?? VARIABLE;
  const url = resolution.environment[variable]?.trim() ?? "";
  if (!/^postgres(ql)?:\/\//u.test(url)) {
    resolution.mistake(
      ["store"],
      `${variable} ${url === "" ? "is not set" : "is no address"}; set it to postgres://user:password@host:5432/database`,
    );
  }
  return { type, url };
}
