/** One finding of `duet doctor`. `problem`: something will not work; `warning`: something may not, or works badly. */
export interface Finding {
  /** What was looked at, e.g. `Python environment`. */
  readonly name: string;
  readonly state: "ok" | "warning" | "problem";
  readonly detail: string;
  /** What to do; present unless the state is `ok`. */
  readonly help?: string;
}

/** Looks at one thing. Failures that it does not expect become a problem with their message. */
export interface Check {
  readonly name: string;
  readonly look: (signal: AbortSignal) => Promise<Omit<Finding, "name">>;
}

/** Runs a check. */
export async function runCheck(check: Check, signal: AbortSignal): Promise<Finding> {
  try {
    return { name: check.name, ...(await check.look(signal)) };
  } catch (error) {
    signal.throwIfAborted();
    const failure = error as Partial<{ help: string; details: readonly string[] }> & Error;
    const last = failure.details?.at(-1);
    return {
      name: check.name,
      state: "problem",
      detail: last === undefined ? failure.message : `${failure.message}: ${last}`,
      help: failure.help ?? "the message is the system's own",
    };
  }
}
