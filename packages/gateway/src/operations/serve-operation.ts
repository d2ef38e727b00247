import { randomUUID } from "node:crypto";
import type { GatewayError } from "../grpc/status.ts";
import type { AdmittedCall, CallServices } from "../proxy/admitted-call.ts";
import { passCall } from "../proxy/pass-call.ts";
import { nextStep } from "./next-step.ts";
import { onceFailed, operationExists, operationLost, operationUnknown } from "./operation-errors.ts";
import { OperationRun } from "./operation-run.ts";
import { hasOnceEffect, resumes } from "./operation-traits.ts";
import type { Operation } from "./operation.ts";
import { operationTraits } from "./plan-digest.ts";

/**
 * Serves ExecutePlan: the operation is executed to its end or to an error that says what became of it, on as many
 * drivers as it takes.
 * @throws {GatewayError} what the client is to be told.
 */
export async function serveExecutePlan(services: CallServices, admitted: AdmittedCall): Promise<void> {
  const { operations, vanished } = services;
  const { key, head } = admitted;
  const id = head.operationId ?? randomUUID();
  const earlier = operations.find(key, id);
  if (earlier !== undefined) {
    if (!earlier.isDetached) throw operationExists(id, "it runs");
    // The client has been told that nobody knows of it, and sends it again.
    await vanished.end(earlier);
    if (hasOnceEffect(earlier) && earlier.sent) throw onceFailed(earlier);
  }
  const operation = await begin(services, admitted, id);
  await new OperationRun(services, operation, operation.attach(), admitted).run("execute");
}

/** Of its own, so that nothing but the operation keeps the request. */
async function begin(services: CallServices, admitted: AdmittedCall, id: string): Promise<Operation> {
  const { key, head, identity, body, client } = admitted;
  const request = (await body.first()) ?? Buffer.alloc(0);
  const summary = services.summarize(head.method.name, request);
  const slot = services.limits.beginOperation(identity);
  const { requestId } = client;
  return services.operations.begin({ key, id, requestId, summary, ...operationTraits(request), body, slot });
}

/**
 * Serves ReattachExecute: takes the operation up where it is, or executes it again where its driver was lost meanwhile.
 * @throws {GatewayError} what the client is to be told.
 */
export async function serveReattach(services: CallServices, admitted: AdmittedCall): Promise<void> {
  const { key, head, call } = admitted;
  const { place } = call;
  const id = head.operationId ?? "";
  const operation = services.operations.find(key, id);
  if (operation === undefined) {
    // It has ended, or came by another gateway. What a driver had sent then, only Spark repeats.
    if (!resumes(place.driver)) throw operationUnknown(id);
    await passCall(services, admitted);
    return;
  }
  const turn = operation.attach();
  const sameLife = operation.place?.life === place.life;
  if (!sameLife && operation.sent) operation.losses += 1;
  const step = nextStep({
    effect: operation.summary.effect.type,
    sent: operation.sent,
    // What the client does not have, it was not given, whatever was sent to it.
    delivered: operation.watch.rows > 0 && head.lastResponseId !== undefined,
    torn: false,
    reattachable: operation.summary.reattachable,
    sameLife,
    resumes: resumes(place.driver),
    losses: operation.losses,
  });
  const fail = async (error: GatewayError) => {
    await services.vanished.settleUnknown(operation);
    services.operations.end(operation, operation.isUnknown ? "unknown" : "failed");
    throw error;
  };
  if (step === "outcome-unknown") {
    const settled = operation.settled && !operation.isUnknown;
    await fail(settled ? operationExists(id, "it has ended, and its answer is lost") : onceFailed(operation));
  } else if (step === "operation-lost" || step === "client-reattaches") {
    await fail(operationLost(id, "its driver was lost"));
  } else if (step !== "reattach" && !operation.body.kept) {
    await fail(operationUnknown(id));
  } else {
    await new OperationRun(services, operation, turn, admitted).run(step);
  }
}
