import { randomBytes } from "node:crypto";
import { join } from "node:path";
import {
  type Admin,
  type Gateway,
  type GatewayEvent,
  type GatewayOptions,
  Observation,
  openAdmin,
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

/** A gateway that runs as it was configured. Disposing of it ends listeners, calls and drivers. */
export interface RunningGateway extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly admin: Admin;
  /** The log's file; undefined: standard error. */
  readonly logFile: string | undefined;
  /** Opens log and audit trail anew, after they were renamed. */
  reopen(): void;
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
  const { audit, log, drainDeadline } = configuration;
  const logFile = log.file ?? (options.log === "file" ? join(home, "gateway", "gateway.log") : undefined);
  await using opened = new AsyncDisposableStack();
  const target = logFile ?? process.stderr.fd;
  const observation = opened.use(await Observation.open({ log: { target, level: log.level }, audit }));
  const gateway = opened.use(await startGateway(gatewayOptions(configuration)));
  // Nothing is awaited until the drivers are there: a client that comes at once shall find its pool.
  const { events, pool } = gateway;
  opened.use(events.listen(options.onEvent));
  const metrics = observation.attach({ events, drivers: () => pool.drivers });
  for (const { driver, launcher } of launchers) pool.add(driverOptions(driver), launcher);
  const adminToken = configuration.adminToken ?? randomBytes(24).toString("base64url");
  const admin = opened.use(
    await openAdmin(gateway, {
      ...{ ...configuration.admin, token: adminToken, metrics, log: observation.log, drainDeadline },
      launcher: ({ id }, version) => upgradedLauncher(originOf(id, configuration.drivers), version, places),
    }),
  );
  opened.use(await publishGateway(home, { url: gateway.url, adminUrl: admin.url, adminToken }));
  observation.log.info({ url: gateway.url, admin: admin.url }, "the gateway listens");
  const all = opened.move();
  return {
    ...{ gateway, admin, logFile },
    reopen: () => {
      observation.reopen();
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

function gatewayOptions(configuration: GatewayConfiguration): GatewayOptions {
  const { listen, tls, identity, limits, store, patience, longestIdle, journal, endGrace } = configuration;
  return {
    ...{ ...listen, identity, limits, store, patience, longestIdle, journal, endGrace },
    reattachWithin: configuration.reattachGrace,
    ...(tls === undefined ? {} : { tls }),
  };
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
