import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { InterruptRequest_InterruptType, SparkConnectService } from "@duet/spark-connect/wire";
import { fields } from "../grpc/fields.ts";
import { frameMessage } from "../grpc/message-reader.ts";
import { RELEASE_FIELDS } from "../grpc/methods.ts";
import type { Interruption } from "../operations/operation-book.ts";
import type { AdmittedCall, CallServices } from "./admitted-call.ts";
import { passCall } from "./pass-call.ts";

const { interrupt, releaseExecute } = SparkConnectService.method;

/** Serves Interrupt: what is interrupted is not executed again either. */
export async function serveInterrupt(services: CallServices, admitted: AdmittedCall): Promise<void> {
  const message = await admitted.body.first();
  const interruption = message && interruptionOf(message);
  if (interruption !== undefined) services.operations.interrupt(admitted.key, interruption);
  await passCall(services, admitted);
}

/**
 * Serves ReleaseExecute. An operation that was executed again knows nothing of the responses of its first driver, and
 * Spark fails when it is to release up to one that it does not know: so that is answered here.
 */
export async function serveRelease(services: CallServices, admitted: AdmittedCall): Promise<void> {
  const { key, head, body, client, call } = admitted;
  const id = head.operationId ?? "";
  const operation = services.operations.find(key, id);
  const message = await body.first();
  const all =
    message !== undefined && [...fields(message)].some(({ number }) => number === RELEASE_FIELDS.all);
  if (operation !== undefined && all) operation.released = true;
  if (
    operation !== undefined &&
    (operation.place?.life !== call.place.life || (operation.attempts > 1 && !all))
  ) {
    const { output } = releaseExecute;
    const answer = { sessionId: head.sessionId, serverSideSessionId: call.session.serverId, operationId: id };
    client.succeed(frameMessage(Buffer.from(toBinary(output, create(output, answer)))));
  } else {
    await passCall(services, admitted);
  }
  if (operation?.isDetached === true && all) await services.vanished.end(operation);
}

function interruptionOf(message: Buffer): Interruption | undefined {
  const { interruptType, interrupt: target } = fromBinary(interrupt.input, message);
  if (interruptType === InterruptRequest_InterruptType.ALL) return { type: "all" };
  if (target.case === "operationTag") return { type: "tag", tag: target.value };
  if (target.case === "operationId") return { type: "operation", id: target.value };
  return undefined;
}
