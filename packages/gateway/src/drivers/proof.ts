import { randomUUID } from "node:crypto";
import { SparkConnectService } from "@duet/spark-connect/wire";
import type { DriverConnection } from "../proxy/driver-connection.ts";
import { callDriver, unaryCall } from "../proxy/unary-call.ts";

const USER = { userId: "duet-gateway", userName: "duet-gateway" };

/** One row when the driver can compute: its tasks run, and what they exchange arrives. */
const QUERY = "select 1 from (select sum(id) as total from range(0, 1000, 1, 2)) where total = 499500";

/** Milliseconds for the end of the session; it ends by itself when it is left alone. */
const RELEASE_TIMEOUT = 10_000;

/** Thrown when a driver answers the query, but wrongly. */
export class WrongAnswerError extends Error {
  override readonly name = "WrongAnswerError";
}

/**
 * Proves that a driver can work: it answers a query in a session of its own, within `timeout` milliseconds. The first
 * query of a Java process is also by far its slowest, and nobody waits for this one.
 * @throws {WrongAnswerError}
 * @throws as `unaryCall`
 */
export async function prove(driver: DriverConnection, timeout: number): Promise<void> {
  const { executePlan, releaseSession } = SparkConnectService.method;
  const head = { sessionId: randomUUID(), userContext: USER };
  const plan = {
    opType: {
      case: "root" as const,
      value: { relType: { case: "sql" as const, value: { query: QUERY } } },
    },
  };
  const answers = await callDriver(driver, executePlan, { ...head, plan }, timeout);
  const rows = answers.map(({ responseType }) =>
    responseType.case === "arrowBatch" ? Number(responseType.value.rowCount) : 0,
  );
  const count = rows.reduce((sum, some) => sum + some, 0);
  if (count !== 1) throw new WrongAnswerError(`the driver ${driver.name} computes wrongly: ${QUERY}`);
  await unaryCall(driver, releaseSession, head, RELEASE_TIMEOUT);
}
