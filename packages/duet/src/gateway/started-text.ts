import type { Colours } from "../view/colours.ts";
import { plural } from "../view/format.ts";
import type { ConfiguredDriver, DriverSource, GatewayConfiguration } from "./configuration.ts";
import type { RunningGateway } from "./run-gateway.ts";

/** What `duet gateway --json` prints when it listens: one line. `spark` is there when any run of this machine may use it. */
export function startedJson(
  configuration: GatewayConfiguration,
  { gateway, admin, logFile }: RunningGateway,
): string {
  const drivers = gateway.pool.drivers.map(({ id, pool, capacity }) => ({ id, pool, capacity }));
  return JSON.stringify({
    url: gateway.url,
    admin: admin.url,
    log: logFile,
    pid: process.pid,
    ...{ spark: commonKind(configuration), drivers },
  });
}

/** The kind of all drivers of the default pool, where anybody on this machine may use them. */
function commonKind({ drivers, identity, tls }: GatewayConfiguration): "sail" | "apache" | undefined {
  if (tls !== undefined || Object.keys(identity).length > 0) return undefined;
  const kinds = new Set(drivers.filter(({ pool }) => pool === "default").map(({ source }) => source.kind));
  if (kinds.size !== 1) return undefined;
  return kinds.has("sail") ? "sail" : kinds.has("spark") ? "apache" : undefined;
}

/** What `duet gateway` prints when it listens: what runs where, and what to do next. */
export function started(
  configuration: GatewayConfiguration,
  { gateway, admin, logFile }: RunningGateway,
  colours: Colours,
): string {
  const { identity, store, audit } = configuration;
  const ways = [
    ...(identity.tokens === undefined ? [] : ["tokens"]),
    ...(identity.jsonWebTokens === undefined ? [] : ["JSON Web Tokens"]),
    ...(identity.certificates === undefined ? [] : ["client certificates"]),
  ];
  const users = ways.length === 0 ? "this machine only, no authentication" : `users by ${ways.join(", ")}`;
  const kept = { memory: "in memory", sqlite: "SQLite", postgres: "PostgreSQL" }[store.type];
  const rows: readonly (readonly [string, string])[] = [
    ["clients", `${gateway.url}  ${colours.dim(`(${users})`)}`],
    ["admin", `${admin.url}  ${colours.dim("(/metrics /healthz /readyz)")}`],
    ["drivers", driversText(configuration.drivers)],
    ["sessions", store.type === "sqlite" ? `${kept}, ${store.file}` : kept],
    ["log", logFile ?? "standard error"],
    ["audit", audit.file],
    ...(configuration.file === undefined ? [] : [["settings", configuration.file] as const]),
    ["next", `SparkSession.builder.remote("${gateway.url}").getOrCreate()`],
    ["", "duet drivers ls --watch"],
  ];
  return rows.map(([title, text]) => `${colours.bold(title.padEnd(8))}  ${text}`).join("\n");
}

function driversText(drivers: readonly ConfiguredDriver[]): string {
  const kinds = new Map<string, number>();
  for (const { source, pool } of drivers) {
    const name = `${sourceText(source)}${pool === "default" ? "" : ` (pool ${pool})`}`;
    kinds.set(name, (kinds.get(name) ?? 0) + 1);
  }
  return drivers.length === 0
    ? "none yet: duet drivers add HOST:PORT"
    : [...kinds].map(([name, number]) => (number === 1 ? name : `${number} × ${name}`)).join(", ") +
        `; ${plural(
          drivers.reduce((sum, { capacity }) => sum + capacity, 0),
          "session",
        )} at once`;
}

function sourceText(source: DriverSource): string {
  switch (source.kind) {
    case "sail":
      return "Sail";
    case "spark":
      return `Apache Spark ${source.version ?? source.home ?? ""} on ${source.master}`.replaceAll("  ", " ");
    case "address":
      return `${source.address.host}:${source.address.port}`;
  }
}
