import type { DriverRequest, PoolProgress, RollingRequest } from "@duet/gateway/admin";
import { cleanCell } from "../view/clean-text.ts";
import { askGateway, type DriversOptions } from "./ask-gateway.ts";

/** Adds a driver by its address. Gives the exit code. */
export function addDriver(options: DriversOptions & { readonly driver: DriverRequest }): Promise<number> {
  const { driver, json } = options;
  return askGateway(options, async (client, signal) => {
    await client.add(driver, signal);
    process.stdout.write(
      json
        ? `${JSON.stringify({ driver })}\n`
        : `${driver.id}  added; duet drivers ls shows when it is ready\n`,
    );
  });
}

/** Drains a driver and waits until it has stopped. Gives the exit code. */
export function drainDriver(
  options: DriversOptions & { readonly id: string; readonly deadline?: number },
): Promise<number> {
  const { id, deadline, json } = options;
  return askGateway(
    options,
    (client, signal) => show(client.drain(id, deadline, signal), json),
    "the driver goes on draining; duet drivers ls shows it",
  );
}

/** Restarts drivers one after the other and waits until all are back. Gives the exit code. */
export function restartDrivers(options: DriversOptions & RollingRequest): Promise<number> {
  return askGateway(
    options,
    (client, signal) => show(client.restart(request(options), signal), options.json),
    "stopping after the driver that is being restarted",
  );
}

/** Upgrades drivers one after the other and waits until all are replaced. Gives the exit code. */
export function upgradeDrivers(
  options: DriversOptions & RollingRequest & { readonly version: string },
): Promise<number> {
  const { version, json } = options;
  return askGateway(
    options,
    (client, signal) => show(client.upgrade({ ...request(options), version }, signal), json),
    "stopping after the driver that is being replaced",
  );
}

function request({ pool, deadline }: RollingRequest): RollingRequest {
  return { ...(pool === undefined ? {} : { pool }), ...(deadline === undefined ? {} : { deadline }) };
}

async function show(steps: AsyncIterable<PoolProgress>, json: boolean): Promise<void> {
  for await (const step of steps) {
    const text = json
      ? JSON.stringify(step)
      : `${new Date().toLocaleTimeString("sv")}  ${cleanCell(step.driverId)}  ${cleanCell(step.text)}`;
    process.stdout.write(`${text}\n`);
  }
}
