import { constants } from "node:os";

/** How a script's process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The exit code as a shell counts it: 128 + n for signal n. */
export function shellExitCode({ code, signal }: ProcessEnd): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** What killed a script that nobody has stopped, in a line, and what to do about it. */
export function killedBy(signal: NodeJS.Signals): { readonly message: string; readonly help: string } {
  switch (signal) {
    case "SIGKILL":
      return {
        message: "the script was killed by SIGKILL, most likely because memory ran out",
        help:
          "`journalctl -k | grep -i 'killed process'` (or dmesg) tells of the kernel's kills; leave data in Spark " +
          "instead of collecting it, or use a machine with more memory",
      };
    case "SIGSEGV":
    case "SIGBUS":
    case "SIGILL":
    case "SIGABRT":
    case "SIGFPE":
      return {
        message: `the script crashed with ${signal}, inside a library that is not Python's own`,
        help: "`PYTHONFAULTHANDLER=1 duet run …` prints the Python lines that led to it",
      };
    default:
      return {
        message: `the script was ended by ${signal}`,
        help: "another process sent it: a batch system, a container's end, or `kill`",
      };
  }
}
