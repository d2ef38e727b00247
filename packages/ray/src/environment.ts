import { createInterface } from "node:readline";
import type { JsonValue } from "./json-value.ts";
import { RayError, type ErrorDescription } from "./ray-error.ts";
import { postJson, type BridgeCall } from "./table-transfer.ts";

/** A line of the answer to `POST /environments`. */
type EnvironmentLine =
  | { readonly line: string }
  | { readonly runtimeEnvironment: JsonValue }
  | { readonly error: ErrorDescription };

/** `POST /environments`: gives Ray's `runtime_env`, and what the installer prints to `onLine`. */
export async function requestEnvironment(
  call: BridgeCall,
  specification: JsonValue,
  onLine: ((line: string) => void) | undefined,
): Promise<JsonValue> {
  const response = await postJson(call, "/environments", specification);
  for await (const text of createInterface({ input: response.body, crlfDelay: Infinity })) {
    const line = JSON.parse(text) as EnvironmentLine;
    if ("runtimeEnvironment" in line) return line.runtimeEnvironment;
    if ("error" in line) throw new RayError(line.error);
    onLine?.(line.line);
  }
  call.signal.throwIfAborted();
  throw new RayError({
    code: "bridge-failed",
    message: "The bridge's answer about the environment was cut off.",
  });
}
