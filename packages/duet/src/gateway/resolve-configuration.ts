import { join } from "node:path";
import type { ConfigurationFlags, GatewayConfiguration } from "./configuration.ts";
import { configuredDrivers } from "./configured-drivers.ts";
import type { GatewayTable } from "./gateway-schema.ts";
import { type ConfigurationFile, mistakesIn } from "./parse-configuration.ts";
import { Resolution } from "./resolution.ts";
import { resolveIdentity, resolveTls } from "./resolve-security.ts";
import { resolveStore } from "./resolve-store.ts";

/** The ports of a gateway that is not told any. */
const LISTEN = { host: "127.0.0.1", port: 15_002 };
const ADMIN = { host: "127.0.0.1", port: 15_003 };

const MINUTE = 60_000;

/** What a configuration is made of. */
export interface ConfigurationSources {
  readonly table: GatewayTable;
  readonly file: ConfigurationFile;
  readonly flags: ConfigurationFlags;
  /** `$DUET_HOME` */
  readonly home: string;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Fills in defaults and checks what one setting says against the others.
 * @throws {ConfigurationError} with all mistakes and their lines
 */
export function resolveConfiguration(sources: ConfigurationSources): GatewayConfiguration {
  const { table, file, flags, home, environment } = sources;
  const resolution = new Resolution(file, environment);
  const folder = join(home, "gateway");
  const tls = resolveTls(table, resolution);
  const admin = flags.admin ?? table.admin?.listen ?? ADMIN;
  const configuration: GatewayConfiguration = {
    file: file.path,
    listen: flags.listen ?? table.listen ?? LISTEN,
    admin,
    adminToken: resolution.secret(["admin"], table.admin?.["token-env"], table.admin?.["token-file"]),
    drivers: configuredDrivers(table.drivers, flags, resolution),
    tls,
    identity: resolveIdentity(table, tls, flags.listen ?? table.listen ?? LISTEN, resolution),
    limits: resolveLimits(table.limits),
    store: resolveStore(table.store, folder, resolution),
    patience: table.patience ?? MINUTE,
    longestIdle: table.idle ?? 60 * MINUTE,
    drainDeadline: table["drain-deadline"] ?? 5 * MINUTE,
    reattachGrace: table["reattach-grace"] ?? MINUTE,
    endGrace: table["end-grace"] ?? 10_000,
    journal: { bytes: table.journal?.size ?? 64 * 2 ** 20, entries: table.journal?.entries ?? 2_000 },
    audit: {
      file: resolution.path(table.audit?.file) ?? join(folder, "audit.jsonl"),
      statements: table.audit?.statements ?? "text",
    },
    log: { file: resolution.path(table.log?.file), level: table.log?.level ?? "info" },
  };
  if (!resolution.isLoopback(admin.host) && configuration.adminToken === undefined) {
    resolution.mistake(
      ["admin", "listen"],
      `${admin.host} is reached by others: name a token by \`token-env\` or \`token-file\``,
    );
  }
  if (resolution.mistakes.length > 0) throw mistakesIn(file, resolution.mistakes);
  return configuration;
}

function resolveLimits({ users = {}, ...everybody }: NonNullable<GatewayTable["limits"]> = {}) {
  const own = Object.entries(users).map(([user, limits]) => [user, userLimits(limits)] as const);
  return { ...userLimits(everybody), users: Object.fromEntries(own) };
}

function userLimits(limits: Omit<NonNullable<GatewayTable["limits"]>, "users">) {
  const { sessions, operations, "result-size": resultBytes } = limits;
  return {
    ...(sessions === undefined ? {} : { sessions }),
    ...(operations === undefined ? {} : { operations }),
    ...(resultBytes === undefined ? {} : { resultBytes }),
  };
}
