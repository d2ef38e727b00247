import { UsageError } from "../cli/usage-error.ts";

/** Why there is no such profile, or no usable one. */
export type ProfileErrorCode =
  | "profile-unknown"
  | "profile-invalid"
  | "profile-untrusted"
  | "profile-token-missing"
  | "profile-incomplete";

/** Thrown for a mistake in `duet.toml`; its message begins with the file and the line. */
export class ProfileError extends UsageError {
  readonly code: ProfileErrorCode;

  constructor(code: ProfileErrorCode, message: string, help?: string) {
    super(message, help);
    this.code = code;
  }
}
