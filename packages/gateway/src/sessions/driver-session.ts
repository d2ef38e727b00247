import { SparkConnectService } from "@duet/spark-connect/wire";
import { isSessionOver } from "../drivers/health.ts";
import type { DriverConnection } from "../proxy/driver-connection.ts";
import { unaryCall } from "../proxy/unary-call.ts";
import type { SessionPlace } from "./session-directory.ts";

const { config, releaseSession } = SparkConnectService.method;

/** Milliseconds for a driver to answer. */
const TIMEOUT = 10_000;

/**
 * Asks a driver something of a session, which keeps it alive there, and tells whether it was: a driver ends what it has
 * not heard of for long, and never gives the id again. One that has not heard of it yet takes it as new.
 * @throws {GatewayError} `driver-unreachable`, `driver-lost`, `driver-silent`
 */
export async function isKnownAt(place: SessionPlace, userId: string): Promise<boolean> {
  const operation = { opType: { case: "getOption" as const, value: { keys: ["spark.app.name"] } } };
  const user = { userId, userName: userId };
  try {
    // Of all calls the one that costs least.
    await unaryCall(
      place.life,
      config,
      { sessionId: place.driverSessionId, userContext: user, operation },
      TIMEOUT,
    );
    return true;
  } catch (error) {
    if (isSessionOver(error)) return false;
    throw error;
  }
}

/** Ends a session on a driver; best effort, since drivers end idle sessions by themselves in the end. */
export function releaseAt(connection: DriverConnection, userId: string, driverSessionId: string): void {
  const request = { sessionId: driverSessionId, userContext: { userId, userName: userId } };
  unaryCall(connection, releaseSession, request, TIMEOUT).catch(() => undefined);
}
