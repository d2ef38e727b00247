import { METHODS } from "../grpc/methods.ts";
import { GatewayError, StatusCode } from "../grpc/status.ts";
import type { AdmittedCall, CallServices } from "../proxy/admitted-call.ts";
import type { AnswerRules } from "../proxy/answer.ts";
import { attempt, type AttemptEnd } from "../proxy/attempt.ts";
import { isDriverFailure, isUntouched } from "../proxy/driver-failure.ts";
import { requestFields, responseFields } from "../proxy/translation.ts";
import type { SessionPlace } from "../sessions/session-directory.ts";
import { recordEffect } from "./effects.ts";
import { interruptOperation } from "./interrupt.ts";
import { nextStep } from "./next-step.ts";
import {
  answerTakenOver,
  operationExists,
  operationInterrupted,
  onceFailed,
  operationLost,
  outcomeUnknown,
} from "./operation-errors.ts";
import { hasOnceEffect, resumes } from "./operation-traits.ts";
import type { Operation, Turn } from "./operation.ts";
import type { DriverSide } from "./vanished-clients.ts";

const EXECUTE = methodAt("/spark.connect.SparkConnectService/ExecutePlan");
const REATTACH = methodAt("/spark.connect.SparkConnectService/ReattachExecute");

function methodAt(path: string) {
  const method = METHODS.get(path);
  if (method === undefined) throw new Error(`Spark Connect has no ${path}`);
  return method;
}

/** Tries of one call, those among them that reached no driver. */
const MOST_TRIES = 10;

/** How an operation begins for a call. */
export type FirstStep = "execute" | "interrupt-and-execute" | "reattach";

/** One call's part in an operation: makes it, on as many drivers as it takes, until the client has its status. */
export class OperationRun {
  readonly #services: CallServices;
  readonly #operation: Operation;
  readonly #turn: Turn;
  readonly #admitted: AdmittedCall;
  readonly #largest: number | undefined;
  /** What this call's client has ends within a message. */
  #torn = false;
  /** Whether its request had reached a driver before the try of now. */
  #sentBefore = false;

  constructor(services: CallServices, operation: Operation, turn: Turn, admitted: AdmittedCall) {
    this.#services = services;
    this.#operation = operation;
    this.#turn = turn;
    this.#admitted = admitted;
    this.#largest = services.limits.largestResult(admitted.identity);
    // What its client has, not what another call was given.
    operation.watch.goOnAfter(admitted.head.lastResponseId);
  }

  /** @throws {GatewayError} what the client is to be told. */
  async run(first: FirstStep): Promise<void> {
    let step = first;
    for (let tries = 1; ; tries += 1) {
      try {
        this.#ended(await this.#attempt(step));
        return;
      } catch (error) {
        const failure = GatewayError.from(error);
        if (this.#leftAlone()) return;
        if (this.#isUnrecorded(failure)) {
          this.#leave();
          throw failure;
        }
        if (failure.code === "operation-interrupted") await this.#fail(failure);
        if (!isDriverFailure(failure) || tries === MOST_TRIES) await this.#giveUp(failure);
        try {
          step = await this.#recover(failure);
        } catch (last) {
          if (this.#operation.outcome === undefined && this.#leftAlone()) return;
          throw last;
        }
      }
    }
  }

  /** Whether the client has gone, and the operation waits for it; throws when another call has its turn. */
  #leftAlone(): boolean {
    if (this.#turn.isOver) throw answerTakenOver(this.#operation.id);
    if (!this.#admitted.client.isGone) return false;
    this.#leave();
    return true;
  }

  /** Whether it was done and could not be recorded, which its client can have tried again by taking it up. */
  #isUnrecorded({ code }: GatewayError): boolean {
    const { sent, settled, summary } = this.#operation;
    return code === "store-unavailable" && sent && !settled && summary.reattachable;
  }

  /** The operation goes on without this call; its session stays where it is meanwhile. */
  #leave(side?: DriverSide): void {
    const keeps = new DisposableStack();
    keeps.use(this.#admitted.call.hold());
    this.#services.vanished.leave(this.#operation, keeps, side);
  }

  async #attempt(step: FirstStep): Promise<AttemptEnd> {
    const { call, client, headers, head, identity } = this.#admitted;
    const operation = this.#operation;
    const { place } = call;
    this.#sentBefore = operation.sent;
    if (step === "interrupt-and-execute") await this.#interrupt(place);
    const method = step === "reattach" ? REATTACH : EXECUTE;
    const fields = requestFields(method, head.userContext, identity, place);
    if (method.request.operationId !== undefined) {
      fields.set(method.request.operationId, Buffer.from(operation.id));
    }
    if (step === "reattach") {
      const last = operation.watch.lastResponseId;
      if (method.request.lastResponseId !== undefined && last !== undefined) {
        fields.set(method.request.lastResponseId, Buffer.from(last));
      }
    }
    return attempt({
      driver: place.life,
      headers: { ...headers, ":path": method.path },
      messages: step === "reattach" ? once(Buffer.alloc(0)) : operation.body.read(),
      requestFields: fields,
      client,
      rules: this.#rules(place),
      sending: () => this.#sending(step, place),
    });
  }

  async #sending(step: FirstStep, place: SessionPlace): Promise<void> {
    const operation = this.#operation;
    if (step !== "reattach") {
      if (hasOnceEffect(operation) && !operation.noted) await this.#note(place);
      this.#admitted.client.gone.throwIfAborted();
      if (this.#turn.isOver) throw answerTakenOver(operation.id);
      operation.sent = true;
      operation.attempts += 1;
      operation.watch.restart();
    }
    operation.place = place;
  }

  async #note({ driver }: SessionPlace): Promise<void> {
    const operation = this.#operation;
    const earlier = await this.#services.ledger.beginWrite({
      ...operation.key,
      operationId: operation.id,
      driverId: driver.id,
      life: driver.life ?? "",
      state: "sent",
    });
    if (earlier === undefined) operation.noted = true;
    else if (earlier.state === "sent" || earlier.state === "unknown") throw outcomeUnknown(operation.id);
    else throw operationExists(operation.id, earlier.state);
  }

  #rules(place: SessionPlace): AnswerRules {
    const { call, head } = this.#admitted;
    const operation = this.#operation;
    const { watch } = operation;
    const isRead = operation.summary.effect.type === "read";
    const translations = responseFields(EXECUTE, head.sessionId, call.session, place);
    for (const [number, translate] of watch.translations) translations.set(number, translate);
    return {
      translations,
      watch,
      turn: this.#turn,
      hold: () => (isRead && watch.rows > 0 ? "nothing" : "messages"),
      passing: (bytes, torn) => {
        this.#passing(bytes, torn);
      },
      due: () => !isRead && watch.complete && !operation.settled,
      settle: (status) => this.#settle(status),
    };
  }

  #passing(bytes: number, torn: boolean): void {
    const operation = this.#operation;
    operation.bytes += bytes;
    if (this.#largest !== undefined && operation.bytes > this.#largest) {
      throw new GatewayError(
        "result-too-large",
        StatusCode.resourceExhausted,
        `the result of the operation ${operation.id} has more than the ${this.#largest} bytes that ${operation.key.userId} may have of one: select less, or write it`,
      );
    }
    this.#torn = torn;
    // From here on it is not executed again.
    if (operation.watch.rows > 0 || hasOnceEffect(operation)) operation.body.drop();
  }

  /** Records what it did, or that it failed; leaves it open when its client is to come back for the rest. */
  async #settle(status: number | undefined): Promise<void> {
    const operation = this.#operation;
    const { summary, watch } = operation;
    if (this.#turn.isOver || operation.settled) return;
    // Sail ends the answer of an interrupted operation without an error; its client would take it up or run it again.
    if (status === StatusCode.ok && operation.interrupted && summary.reattachable && !watch.complete) {
      throw operationInterrupted(operation.id);
    }
    const whole = watch.complete || (!summary.reattachable && !operation.interrupted);
    const succeeded = (status ?? StatusCode.ok) === StatusCode.ok && whole;
    const open = status === StatusCode.ok || status === StatusCode.unavailable;
    if (!succeeded && open) return;
    if (succeeded) await recordEffect(summary.effect, this.#admitted.call);
    operation.settled = true;
    if (!operation.noted) return;
    try {
      await this.#services.ledger.endWrite(operation.key, operation.id, succeeded ? "succeeded" : "failed");
    } catch (error) {
      // It has happened, and its client is told so: the ledger says `sent`, so that it is not done again.
      this.#admitted.client.code = GatewayError.from(error).code;
    }
  }

  #ended({ end, stream }: AttemptEnd): void {
    const { operations } = this.#services;
    const operation = this.#operation;
    if (this.#turn.isOver) return;
    if (end.type === "gone") {
      this.#leave({ stream, rest: end.rest });
      return;
    }
    const { reattachable } = operation.summary;
    const { complete } = operation.watch;
    if (end.status === StatusCode.ok && (complete || !reattachable)) {
      operations.end(operation, operation.interrupted && !complete ? "interrupted" : "succeeded");
    } else if (end.status === StatusCode.ok && operation.interrupted) {
      operations.end(operation, "interrupted");
    } else if ((end.status === StatusCode.ok || end.status === StatusCode.unavailable) && reattachable) {
      this.#leave();
    } else {
      const isUnknown = operation.noted && !operation.settled;
      if (isUnknown) void this.#services.vanished.settleUnknown(operation);
      operations.end(operation, isUnknown ? "unknown" : operation.interrupted ? "interrupted" : "failed");
    }
  }

  /** How it goes on after its driver has failed. */
  async #recover(failure: GatewayError): Promise<FirstStep> {
    const { call, client } = this.#admitted;
    const operation = this.#operation;
    const { watch, summary } = operation;
    watch.torn();
    if (isUntouched(failure)) operation.sent = this.#sentBefore;
    if (operation.interrupted) return this.#fail(operationInterrupted(operation.id));
    const before = call.place.life;
    let place: SessionPlace;
    try {
      place = await call.replace(failure, client.gone);
    } catch (error) {
      if (client.isGone) throw error;
      const isOnce = hasOnceEffect(operation) && operation.sent;
      return this.#fail(isOnce ? onceFailed(operation, failure) : GatewayError.from(error));
    }
    if (this.#turn.isOver) throw answerTakenOver(operation.id);
    const sameLife = place.life === before;
    if (operation.sent) operation.losses += 1;
    const step = nextStep({
      effect: summary.effect.type,
      sent: operation.sent,
      delivered: watch.rows > 0,
      torn: this.#torn,
      reattachable: summary.reattachable,
      sameLife,
      resumes: resumes(place.driver),
      losses: operation.losses,
    });
    switch (step) {
      case "client-reattaches":
        this.#leave();
        throw failure;
      case "operation-lost":
        return this.#fail(operationLost(operation.id, failure.message, failure));
      case "outcome-unknown":
        return this.#fail(onceFailed(operation, failure));
      default:
        if (step === "reattach" || operation.body.kept) return step;
        return this.#fail(operationLost(operation.id, failure.message, failure));
    }
  }

  /** Ends the operation for a reason that is not its driver's failure. */
  async #giveUp(error: GatewayError): Promise<never> {
    const operation = this.#operation;
    if (operation.sent) await this.#services.vanished.end(operation);
    return this.#fail(operation.isUnknown ? onceFailed(operation, error) : error);
  }

  async #fail(error: GatewayError): Promise<never> {
    const operation = this.#operation;
    await this.#services.vanished.settleUnknown(operation);
    const outcome = operation.isUnknown ? "unknown" : operation.interrupted ? "interrupted" : "failed";
    this.#services.operations.end(operation, outcome);
    throw error;
  }

  async #interrupt(place: SessionPlace): Promise<void> {
    const { id, key, watch } = this.#operation;
    await interruptOperation({
      id,
      userId: key.userId,
      place,
      reportsProgress: resumes(place.driver),
      watch,
      isOver: () => false,
    });
  }
}

async function* once(message: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield await Promise.resolve(message);
}
