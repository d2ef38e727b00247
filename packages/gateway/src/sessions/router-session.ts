import type { Driver } from "../drivers/driver.ts";
import type { DriverConnection } from "../proxy/driver-connection.ts";

/** A client's session and where it lives. */
export interface Session {
  readonly userId: string;
  /** The id that the client has chosen. */
  readonly clientId: string;
  /** The id that the driver sees. */
  readonly driverId: string;
  readonly driver: Driver;
  /** The life of the driver in which the session was made; when the driver has another one, the session is lost. */
  readonly life: DriverConnection;
  /** Calls that run. */
  calls: number;
  /** When the last call ended, as `performance.now()` tells it. */
  idleSince: number;
}
