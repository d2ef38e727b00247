import type { Driver } from "../drivers/driver.ts";
import type { DriverLauncher } from "../drivers/launcher.ts";
import type { Gateway } from "../gateway.ts";
import type { GatewayLog } from "../observe/event-log.ts";
import type { GatewayMetrics } from "../observe/metrics.ts";
import { AdminServer } from "./admin-server.ts";
import { DriverWishes } from "./driver-wishes.ts";
import { gatewayActions } from "./gateway-actions.ts";
import { readiness } from "./pool-report.ts";

/** How a gateway is seen and steered from outside. */
export interface AdminOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly metrics: GatewayMetrics;
  readonly log: GatewayLog;
  /** Milliseconds that a driver has for its running operations when it is not said. */
  readonly drainDeadline: number;
  /** Where a driver of another version of Spark comes from. */
  readonly launcher: (driver: Driver, version: string) => Promise<DriverLauncher>;
}

/** A gateway's admin listener. Disposing of it breaks its connections, and stops following what is wished of drivers. */
export interface Admin extends AsyncDisposable {
  /** `http://127.0.0.1:15003` */
  readonly url: string;
  /** Tells `/readyz` that the gateway takes no new sessions from now on. */
  ending(): void;
}

/** Opens a gateway's admin listener, and does what was wished of drivers before; rejects when its port is taken. */
export async function openAdmin(gateway: Gateway, options: AdminOptions): Promise<Admin> {
  const { host, port, token, metrics, log, drainDeadline: deadline, launcher } = options;
  const { pool, url, store } = gateway;
  await using opened = new AsyncDisposableStack();
  const wishes = opened.use(await DriverWishes.follow(pool, store, log));
  const actions = gatewayActions({
    url,
    pool,
    wishes,
    deadline,
    launcher,
    pins: (driver) => pinsOf(gateway, driver),
  });
  let isEnding = false;
  const ready = () =>
    isEnding ? { ready: false as const, because: "the gateway ends" } : readiness(actions.report());
  const server = opened.use(await AdminServer.listen({ host, port, token, actions, metrics, ready }));
  const all = opened.move();
  return {
    url: server.url,
    ending: () => {
      isEnding = true;
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

function pinsOf({ sessions }: Gateway, { id }: Driver): readonly string[] {
  const here = sessions.filter(({ driverId }) => driverId === id);
  const pinned = here.filter(({ pins, stays }) => pins.length > 0 || stays !== undefined);
  const reasons = [...new Set(pinned.flatMap(({ pins, stays }) => (stays === undefined ? pins : [stays])))];
  const number = pinned.length === 1 ? "1 session" : `${pinned.length} sessions`;
  return reasons.length === 0 ? [] : [`${number} cannot be moved: ${reasons.join(", ")}`];
}
