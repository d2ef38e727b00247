import type { GatewayErrorCode } from "../grpc/status.ts";
import type { GatewayError } from "../grpc/status.ts";

const CODES: ReadonlySet<GatewayErrorCode> = new Set([
  "driver-lost",
  "driver-refused",
  "driver-reset",
  "driver-unreachable",
]);

/** Whether a call failed because its driver does not answer, so that it may be made again in another place. */
export function isDriverFailure({ code }: GatewayError): boolean {
  return CODES.has(code);
}

/** Whether the driver has certainly not begun with the call. */
export function isUntouched({ code }: GatewayError): boolean {
  return code === "driver-unreachable" || code === "driver-refused";
}
