import { randomUUID } from "node:crypto";
import { constants } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { SparkConnectService } from "@duet/spark-connect/wire";
import { frameMessage } from "../grpc/message-reader.ts";
import { GatewayError, StatusCode } from "../grpc/status.ts";
import type { Effect } from "../journal/call-summary.ts";
import { recordEffect } from "../operations/effects.ts";
import { MOST_LOSSES } from "../operations/next-step.ts";
import type { CloneIds } from "../sessions/session-directory.ts";
import { newDriverSessionId } from "../sessions/session-id.ts";
import type { AdmittedCall, CallServices } from "./admitted-call.ts";
import type { AnswerRules } from "./answer.ts";
import { attempt } from "./attempt.ts";
import { isDriverFailure, isUntouched } from "./driver-failure.ts";
import { requestFields, responseFields } from "./translation.ts";

/** Methods that can be made again after a driver was lost: they ask, or set what can be set twice. */
const REPEATABLE = new Set([
  "AddArtifacts",
  "AnalyzePlan",
  "ArtifactStatus",
  "Config",
  "FetchErrorDetails",
  "GetStatus",
  "Interrupt",
  "ReattachExecute",
  "ReleaseExecute",
]);

/** Methods whose first message tells what they do to the session. */
const SUMMARIZED = new Set(["AnalyzePlan", "Config"]);

/**
 * Passes a call on that is no operation of its own, again in another place when its driver is lost and it can be.
 * @throws {GatewayError} what the client is to be told.
 */
export async function passCall(services: CallServices, admitted: AdmittedCall): Promise<void> {
  const { head, identity, call, client, body, headers } = admitted;
  const clone = head.method.name === "CloneSession" ? cloneIds(admitted) : undefined;
  const first = SUMMARIZED.has(head.method.name) ? await body.first() : undefined;
  const effect = first && services.summarize(head.method.name, first).effect;
  for (let losses = 0; ; losses += 1) {
    const { place } = call;
    const before = client.bytes;
    const rules: AnswerRules = {
      translations: responseFields(head.method, head.sessionId, call.session, place, clone),
      hold: () => (head.method.answerStreams ? "nothing" : "answer"),
      passing: () => undefined,
      due: () => false,
      settle: async (status) => {
        if (status === StatusCode.ok) await succeeded(services, admitted, effect, clone);
      },
    };
    try {
      const { end, stream } = await attempt({
        driver: place.life,
        headers,
        messages: body.read(),
        requestFields: requestFields(head.method, head.userContext, identity, place, clone),
        client,
        rules,
      });
      if (end.type === "answered") return;
      // What changes the session is not broken off: it is to be known whether it has.
      if (effect === undefined || effect.type === "read") stream.close(constants.NGHTTP2_CANCEL);
      else await end.rest;
      return;
    } catch (error) {
      const failure = GatewayError.from(error);
      if (!isDriverFailure(failure) || client.bytes > before || client.over) throw failure;
      if (head.method.name === "ReleaseSession") {
        await releasedAlready(admitted);
        return;
      }
      const repeatable = isUntouched(failure) || REPEATABLE.has(head.method.name);
      if (!repeatable || !body.kept || losses > MOST_LOSSES) throw failure;
      await call.replace(failure, client.gone);
    }
  }
}

async function succeeded(
  services: CallServices,
  { head: { method }, call, body }: AdmittedCall,
  effect: Effect | undefined,
  clone: CloneIds | undefined,
): Promise<void> {
  if (effect !== undefined) await recordEffect(effect, call);
  else if (clone !== undefined) await call.cloned(clone);
  else if (method.name === "ReleaseSession") await call.end();
  else if (method.name === "AddArtifacts") {
    if (body.kept) await recordEffect(services.summarizeArtifacts(body.messages).effect, call);
    else await call.pin(`artifacts of ${body.bytes} bytes in one call are more than is kept`);
  }
}

function cloneIds({ head }: AdmittedCall): CloneIds {
  return {
    clientId: head.newSessionId ?? randomUUID(),
    serverId: randomUUID(),
    driverSessionId: newDriverSessionId(),
  };
}

/** The session's driver has gone, and the session on it too. */
async function releasedAlready({ head, call, client }: AdmittedCall): Promise<void> {
  const { output } = SparkConnectService.method.releaseSession;
  await call.end();
  const answer = { sessionId: head.sessionId, serverSideSessionId: call.session.serverId };
  client.succeed(frameMessage(Buffer.from(toBinary(output, create(output, answer)))));
}
