import { randomBytes } from "node:crypto";
import { join } from "node:path";
import {
  type Gateway,
  type GatewayEvent,
  type OperatedGateway,
  openStore,
  operate,
  startGateway,
} from "@duet/gateway";
import type { ConfiguredDriver, GatewayConfiguration } from "./configuration.ts";
import { driverLauncher, type LauncherPlaces, upgradedLauncher } from "./driver-launchers.ts";
import { publishGateway } from "./gateway-record.ts";

/** What running a gateway needs beside its configuration. */
export interface RunGatewayOptions {
  /** `$DUET_HOME` */
  readonly home: string;
  /** Log lines go here where the configuration names no file: `stderr`, or a file of `$DUET_HOME`. */
  readonly log: "stderr" | "file";
  readonly signal: AbortSignal;
  /** Gets the lines of what is installed. */
  readonly onLine: (line: string) => void;
  readonly onEvent: (event: GatewayEvent) => void;
}

/** A gateway that runs as it was configured. Disposing of it ends calls, drivers and listeners, in this order. */
export interface RunningGateway extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly operated: OperatedGateway;
  /** The log's file; undefined: standard error. */
  readonly logFile: string | undefined;
}

/**
 * Starts a gateway with everything around it: store, drivers, log, audit trail, admin listener. Rejects with the first
 * thing that cannot be had, after the rest has been ended.
 */
export async function runGateway(
  configuration: GatewayConfiguration,
  options: RunGatewayOptions,
): Promise<RunningGateway> {
  const { home } = options;
  const places: LauncherPlaces = { home, onLine: options.onLine, signal: options.signal };
  const launchers = await Promise.all(
    configuration.drivers.map(async (driver) => ({ driver, launcher: await driverLauncher(driver, places) })),
  );
  await using opened = new AsyncDisposableStack();
  const store = opened.use(await openStore(configuration.store));
  const gateway = opened.use(await startGateway(gatewayOptions(configuration)));
  opened.use(gateway.events.listen(options.onEvent));
  const logFile =
    configuration.log.file ?? (options.log === "file" ? join(home, "gateway", "gateway.log") : undefined);
  const adminToken = configuration.adminToken ?? randomBytes(24).toString("base64url");
  const operated = opened.use(
    await operate(gateway, {
      admin: { ...configuration.admin, token: adminToken },
      log: { target: logFile ?? process.stderr.fd, level: configuration.log.level },
      ...{ audit: configuration.audit, store, drainDeadline: configuration.drainDeadline },
      launcher: ({ id }, version) => upgradedLauncher(originOf(id, configuration.drivers), version, places),
    }),
  );
  for (const { driver, launcher } of launchers) gateway.pool.add(driverOptions(driver), launcher);
  opened.use(await publishGateway(home, { url: gateway.url, adminUrl: operated.adminUrl, adminToken }));
  const all = opened.move();
  return { gateway, operated, logFile, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

function gatewayOptions(configuration: GatewayConfiguration) {
  const { listen, tls, patience, longestIdle } = configuration;
  return { ...listen, patience, longestIdle, ...(tls === undefined ? {} : { tls }) };
}

function driverOptions({ id, pool, capacity, source }: ConfiguredDriver) {
  const version = source.kind === "address" ? source.version : undefined;
  return { id, pool, capacity, ...(version === undefined ? {} : { version }) };
}

/** The configured driver that a driver of now has come from: an upgraded one has a number behind its name. */
function originOf(id: string, drivers: readonly ConfiguredDriver[]): ConfiguredDriver {
  const origin = drivers.find((driver) => driver.id === id || driver.id === id.replace(/\.\d+$/u, ""));
  if (origin === undefined) throw new RangeError(`the driver ${id} is none that this gateway has started`);
  return origin;
}
