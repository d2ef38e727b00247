import type { OutgoingHttpHeaders } from "node:http2";
import type { GatewayEvents } from "../events.ts";
import type { Authenticator, Identity, Limits } from "../identity/identity.ts";
import type { CallSummary } from "../journal/call-summary.ts";
import type { OperationBook } from "../operations/operation-book.ts";
import type { VanishedClients } from "../operations/vanished-clients.ts";
import type { WriteLedger } from "../operations/write-ledger.ts";
import type { SessionCall, SessionDirectory } from "../sessions/session-directory.ts";
import type { SessionKey } from "../store/session-store.ts";
import type { CallHead } from "./call.ts";
import type { ClientAnswer } from "./client-answer.ts";
import type { RequestBody } from "./request-body.ts";

/** What calls are served with. */
export interface CallServices {
  readonly authenticator: Authenticator;
  readonly limits: Limits;
  readonly directory: SessionDirectory;
  readonly operations: OperationBook;
  readonly vanished: VanishedClients;
  readonly ledger: WriteLedger;
  /** What a call does, by its method's name and its message. */
  summarize(method: string, message: Buffer): CallSummary;
  /** What an AddArtifacts call does, by all its messages. */
  summarizeArtifacts(messages: readonly Buffer[]): CallSummary;
  readonly events: GatewayEvents;
}

/** A call whose user and session are known. */
export interface AdmittedCall {
  readonly head: CallHead;
  readonly identity: Identity;
  readonly key: SessionKey;
  readonly call: SessionCall;
  readonly client: ClientAnswer;
  /** As they go to drivers. */
  readonly headers: OutgoingHttpHeaders;
  readonly body: RequestBody;
}
