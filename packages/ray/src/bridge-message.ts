import type { JsonValue } from "./json-value.ts";
import type { ErrorDescription } from "./ray-error.ts";
import type { RayCluster } from "./ray-client.ts";
import type { RayEvent } from "./ray-event.ts";

/** What the client sends; see `python/duet/bridge/connection.py`. A WebSocket message is a JSON array of these. */
export type ClientMessage =
  | { readonly type: "function"; readonly identity: string; readonly reference: JsonValue }
  | {
      readonly type: "submit";
      readonly id: string;
      readonly run: string;
      readonly function: string;
      readonly name: string;
      /** JSON text for the task's worker; the bridge does not read it. */
      readonly call: string;
      readonly refs?: readonly string[];
      readonly options?: JsonValue;
      readonly label?: string;
    }
  | { readonly type: "cancel"; readonly id: string; readonly force: boolean }
  | { readonly type: "release"; readonly ids: readonly string[] }
  | { readonly type: "listen" | "unlisten"; readonly run: string }
  | { readonly type: "watch-job"; readonly run: string; readonly job: string }
  | RequestMessage;

/** Messages that are answered by a `reply`. */
export type RequestMessage = RequestBody & { readonly request: number };

/** A request before it has a number. */
export type RequestBody =
  | { readonly type: "end-run"; readonly run: string }
  | { readonly type: "resources" }
  | { readonly type: "put-json"; readonly run: string; readonly value: JsonValue }
  | { readonly type: "get-json"; readonly id: string };

/** What the bridge sends. */
export type BridgeMessage =
  | { readonly type: "hello"; readonly cluster: RayCluster }
  | {
      readonly type: "result";
      readonly id: string;
      readonly kind: "json" | "table" | "object";
      readonly value: JsonValue;
    }
  | { readonly type: "failed"; readonly id: string; readonly error: ErrorDescription }
  | { readonly type: "event"; readonly run: string; readonly event: RayEvent }
  | {
      readonly type: "reply";
      readonly request: number;
      readonly value?: JsonValue;
      readonly error?: ErrorDescription;
    }
  | { readonly type: "lost"; readonly message: string };
