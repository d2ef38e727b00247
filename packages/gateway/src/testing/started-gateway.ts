import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type DriverLauncher,
  type DriverState,
  type Gateway,
  type GatewayOptions,
  startGateway,
} from "../index.ts";
import { testLauncher } from "./test-drivers.ts";

/** A gateway with a folder of its own for what its drivers leave behind. */
export interface StartedGateway extends Gateway {
  readonly folder: string;
  /** Starts a driver of this kind in a folder of its own. */
  launcher(kind: "sail" | "apache", id: string): Promise<DriverLauncher>;
}

/** Starts a gateway without drivers. */
export async function startTestGateway(options: GatewayOptions = {}): Promise<StartedGateway> {
  const folder = await mkdtemp(join(tmpdir(), "duet-gateway-"));
  const gateway = await startGateway(options);
  return {
    url: gateway.url,
    pool: gateway.pool,
    events: gateway.events,
    store: gateway.store,
    get sessions() {
      return gateway.sessions;
    },
    folder,
    launcher: (kind, id) => testLauncher(kind, folder, id),
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when the driver is in this state; rejects with its story when it is stopped instead. */
export async function untilState(gateway: Gateway, id: string, state: DriverState): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const check = (is: DriverState | undefined) => {
    if (is === state) resolve(undefined);
    else if (is === "stopped") reject(new Error(`the driver ${id} was stopped`));
  };
  const listening = gateway.pool.listen(({ driver }) => {
    if (driver.id === id) check(driver.state);
  });
  check(gateway.pool.drivers.find((driver) => driver.id === id)?.state);
  try {
    await promise;
  } finally {
    listening[Symbol.dispose]();
  }
}
