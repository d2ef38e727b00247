/** Tells `duet run -d` that it is the process in the background: the run's id. */
export const BACKGROUND_VARIABLE = "DUET_BACKGROUND_RUN";

/** The id of the run that this process is to be in the background; taken away, since it is not for its children. */
export function takeBackgroundRun(): string | undefined {
  const { DUET_BACKGROUND_RUN: run } = process.env;
  delete process.env.DUET_BACKGROUND_RUN;
  return run;
}
