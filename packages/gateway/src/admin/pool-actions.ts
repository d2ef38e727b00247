import type { PoolReport } from "./pool-report.ts";

/** A driver that is added by its address. */
export interface DriverRequest {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly pool: string;
  readonly capacity: number;
  /** The version that people see; left out, what the driver says. */
  readonly version?: string;
}

/** What to do with drivers one after the other. */
export interface RollingRequest {
  /** Only the drivers of this pool. */
  readonly pool?: string;
  /** Milliseconds that each driver has for its running operations. */
  readonly deadline?: number;
}

/** What happens while drivers are drained, restarted or upgraded. */
export interface PoolProgress {
  readonly driverId: string;
  /** For people: `12 sessions moved, 1 stays: streaming query`. */
  readonly text: string;
}

/** What can be done with a gateway's drivers from outside. Aborting a signal stops after the step that is under way. */
export interface PoolActions {
  report(): PoolReport;
  /** @throws {AdminError} `driver-exists` */
  add(driver: DriverRequest): Promise<void>;
  /** @throws {AdminError} `driver-unknown` */
  drain(driverId: string, deadline: number | undefined): AsyncIterable<PoolProgress>;
  /** @throws {AdminError} `pool-unknown`, `pool-busy` */
  restart(request: RollingRequest, signal: AbortSignal): AsyncIterable<PoolProgress>;
  /** @throws {AdminError} `pool-unknown`, `pool-busy`, `upgrade-failed` */
  upgrade(
    request: RollingRequest & { readonly version: string },
    signal: AbortSignal,
  ): AsyncIterable<PoolProgress>;
}
