import { setTimeout as sleep } from "node:timers/promises";
import { InterruptRequest_InterruptType, SparkConnectService } from "@duet/spark-connect/wire";
import { unaryCall } from "../proxy/unary-call.ts";
import type { SessionPlace } from "../sessions/session-directory.ts";
import type { ResultWatch } from "./result-watch.ts";

/** Milliseconds after the request, and after the first answer, for which a job is waited for. */
const UNTIL_ANSWER = 1_000;
const UNTIL_JOB = 2_500;

const POLL = 20;

/** Milliseconds before each try: a driver forgets an interrupt of an operation that it does not know yet. */
const PAUSES = [0, 200, 1_000];

/** Milliseconds that the driver has for each call. */
const TIMEOUT = 10_000;

/** An operation on its driver. */
export interface RunningOperation {
  readonly id: string;
  readonly userId: string;
  readonly place: SessionPlace;
  /** Its driver tells when stages show. */
  readonly reportsProgress: boolean;
  /** Goes on looking at the driver's answer, if anybody does. */
  readonly watch: ResultWatch;
  /** Whether it has ended by itself. */
  isOver(): boolean;
}

/**
 * Ends an operation on its driver. An interrupt that reaches Apache Spark (4.3) while it plans ends the operation, but
 * not the job that is being made of it; so the job is waited for, a few seconds at most, and on Sail until it has
 * answered. What the driver then still keeps of the operation is released.
 *
 * @throws {GatewayError | DriverStatusError} when the driver does not answer, or with an error.
 */
export async function interruptOperation(operation: RunningOperation): Promise<void> {
  const { interrupt, releaseExecute } = SparkConnectService.method;
  const { id, userId, place, watch } = operation;
  const since = performance.now();
  const isThere = () => watch.running || (!operation.reportsProgress && watch.answeredAt !== undefined);
  while (!operation.isOver() && !isThere() && performance.now() < deadline(watch, since)) await sleep(POLL);
  const head = { sessionId: place.driverSessionId, userContext: { userId, userName: userId } };
  for (const pause of PAUSES) {
    await sleep(pause);
    if (operation.isOver()) break;
    const { interruptedIds } = await unaryCall(
      place.life,
      interrupt,
      {
        ...head,
        interruptType: InterruptRequest_InterruptType.OPERATION_ID,
        interrupt: { case: "operationId", value: id },
      },
      TIMEOUT,
    );
    if (interruptedIds.includes(id)) break;
  }
  const release = { case: "releaseAll" as const, value: {} };
  await unaryCall(place.life, releaseExecute, { ...head, operationId: id, release }, TIMEOUT);
}

function deadline({ answeredAt }: ResultWatch, since: number): number {
  return answeredAt === undefined ? since + UNTIL_ANSWER : Math.max(since, answeredAt) + UNTIL_JOB;
}
