import type { Driver } from "../drivers/driver.ts";
import type { DriverLauncher } from "../drivers/launcher.ts";
import type { Gateway } from "../gateway.ts";
import { auditOperations, type AuditOptions } from "../observe/audit-trail.ts";
import { type GatewayLog, logEvents, type LogLevel, makeLog } from "../observe/event-log.ts";
import { LineFile } from "../observe/line-file.ts";
import { GatewayMetrics } from "../observe/metrics.ts";
import type { SessionStore } from "../store/session-store.ts";
import { AdminServer } from "./admin-server.ts";
import { DriverWishes } from "./driver-wishes.ts";
import { gatewayActions } from "./gateway-actions.ts";
import { readiness } from "./pool-report.ts";

/** How a gateway is seen and steered from outside. Times are milliseconds. */
export interface OperateOptions {
  readonly admin: { readonly host: string; readonly port: number; readonly token: string };
  /** A file, or a descriptor (2: standard error). */
  readonly log: { readonly target: string | number; readonly level: LogLevel };
  readonly audit: AuditOptions & { readonly file: string };
  readonly store: SessionStore;
  /** That a driver has for its running operations when it is not said. */
  readonly drainDeadline: number;
  /** Why sessions of a driver cannot be moved, each reason once. */
  readonly pins?: (driver: Driver) => readonly string[];
  /** Where a driver of another version of Spark comes from. */
  readonly launcher: (driver: Driver, version: string) => Promise<DriverLauncher>;
}

/** The outside of a gateway: disposing of it closes the admin listener and writes what is left of log and audit trail. */
export interface OperatedGateway extends AsyncDisposable {
  /** `http://127.0.0.1:15003` */
  readonly adminUrl: string;
  readonly log: GatewayLog;
  /** Tells `/readyz` that the gateway takes no new sessions from now on. */
  ending(): void;
  /** Opens log and audit trail anew, after they were renamed. */
  reopen(): void;
}

/** Opens a gateway's log, audit trail, metrics and admin listener; rejects when one of them cannot be opened. */
export async function operate(gateway: Gateway, options: OperateOptions): Promise<OperatedGateway> {
  await using opened = new AsyncDisposableStack();
  const { events, pool, url } = gateway;
  const logFile = opened.use(await LineFile.open(options.log.target, () => undefined));
  const log = makeLog(logFile, options.log.level);
  const auditFile = opened.use(
    await LineFile.open(options.audit.file, (error) => {
      log.error(
        { err: error },
        `${options.audit.file} cannot be written: operations go on without their lines`,
      );
    }),
  );
  opened.use(logEvents(events, log));
  opened.use(auditOperations(events, auditFile, options.audit));
  const lostLines = (): number => logFile.lost + auditFile.lost;
  const metrics = opened.use(new GatewayMetrics(events, { drivers: () => pool.drivers, lostLines }));
  const wishes = opened.use(await DriverWishes.follow(pool, options.store, log));
  const actions = gatewayActions({
    ...{ url, pool, wishes, deadline: options.drainDeadline, launcher: options.launcher },
    pins: (driver) => options.pins?.(driver) ?? [],
  });
  let ending = false;
  const server = opened.use(
    await AdminServer.listen({
      ...{ ...options.admin, actions, metrics },
      ready: () => (ending ? { ready: false, because: "the gateway ends" } : readiness(actions.report())),
    }),
  );
  log.info({ url, admin: server.url }, "the gateway listens");
  const all = opened.move();
  return {
    adminUrl: server.url,
    log,
    ending: () => {
      ending = true;
    },
    reopen: () => {
      if (typeof options.log.target === "string") logFile.reopen();
      auditFile.reopen();
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
