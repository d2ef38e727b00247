import { UsageError } from "../cli/usage-error.ts";

/** What is wrong with a gateway's configuration. */
export type ConfigurationErrorCode =
  "configuration-invalid" | "configuration-missing" | "configuration-untrusted";

/** Thrown for mistakes in a gateway's configuration, all of them at once. */
export class ConfigurationError extends UsageError {
  readonly code: ConfigurationErrorCode;
  /** One mistake a line, each with file and line. */
  readonly details: readonly string[];

  constructor(
    code: ConfigurationErrorCode,
    message: string,
    details: readonly string[] = [],
    help = "docs/gateway.md has all settings",
  ) {
    super(message, help);
    this.code = code;
    this.details = details;
  }
}
