/** The exit codes of `duet`, as `duet --help` lists them. */
export const exitCode = {
  succeeded: 0,
  /** A statement of the script failed while it ran. */
  failed: 1,
  /** The command line or the script has mistakes; nothing has run. */
  mistakes: 2,
  /** An engine could not be started or reached. */
  engine: 3,
  /** Ctrl-C. */
  interrupted: 130,
  /** The reader of the output has gone (`duet run … | head`). */
  pipeClosed: 141,
} as const;

/** The exit code of a command that a signal ended, as shells count: 130 for Ctrl-C. */
export function signalExitCode(signal: "SIGHUP" | "SIGINT" | "SIGTERM"): number {
  return { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[signal];
}

/** The part of the help text that tells them. */
export const exitCodeHelp = `Exit codes:
  0    succeeded
  1    a statement of the script failed
  2    mistakes in the command line or in the script; nothing has run
  3    an engine could not be started or reached
  130  Ctrl-C (129: terminal closed, 141: output closed, 143: terminated)`;
