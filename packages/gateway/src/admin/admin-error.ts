/** Why something that was asked of a gateway's admin listener was not done: stable, kebab-case. */
export type AdminErrorCode =
  | "admin-fault"
  | "admin-refused"
  | "driver-exists"
  | "driver-unknown"
  | "pool-busy"
  | "pool-unknown"
  | "request-invalid"
  | "restart-failed"
  | "rollback-failed"
  | "store-unavailable"
  | "upgrade-failed";

/** Thrown on both sides of the admin listener for what a person can mend. */
export class AdminError extends Error {
  override readonly name = "AdminError";
  readonly code: AdminErrorCode;

  constructor(code: AdminErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }

  /** The HTTP status that goes with it. */
  get status(): number {
    switch (this.code) {
      case "admin-refused":
        return 401;
      case "request-invalid":
        return 400;
      case "driver-unknown":
      case "pool-unknown":
        return 404;
      case "driver-exists":
      case "pool-busy":
        return 409;
      case "admin-fault":
      case "restart-failed":
      case "rollback-failed":
      case "upgrade-failed":
        return 500;
      case "store-unavailable":
        return 503;
    }
  }
}
