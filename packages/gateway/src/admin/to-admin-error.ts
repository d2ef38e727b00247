import { RolloutError } from "../drivers/rollout.ts";
import { GatewayError } from "../grpc/status.ts";
import { AdminError } from "./admin-error.ts";

/** Anything thrown in the gateway as an error of the admin listener; what is not ours is `admin-fault`. */
export function toAdminError(error: unknown): AdminError {
  if (error instanceof AdminError) return error;
  if (error instanceof RolloutError) return new AdminError(error.code, error.message, error);
  if (error instanceof GatewayError && error.code === "store-unavailable")
    return new AdminError("store-unavailable", error.message, error);
  return new AdminError("admin-fault", error instanceof Error ? error.message : String(error), error);
}
