/** What happens while drivers are restarted or upgraded, one after the other. Durations are milliseconds. */
export type RolloutStep =
  | { readonly type: "starting"; readonly driverId: string }
  /** It runs, and has answered a query. */
  | {
      readonly type: "ready";
      readonly driverId: string;
      readonly version: string | undefined;
      readonly duration: number;
    }
  /** It takes no new sessions; so many are left on it. Told again whenever the number changes. */
  | { readonly type: "draining"; readonly driverId: string; readonly sessions: number }
  /** Sessions that were still on it when its time was over are lost, or are gone on with on another driver. */
  | { readonly type: "stopped"; readonly driverId: string; readonly sessionsLeft: number }
  | { readonly type: "skipped"; readonly driverId: string; readonly because: string }
  /** A new version has failed, and this driver of the old one is back. */
  | { readonly type: "rolled-back"; readonly driverId: string; readonly because: string };

/** A step in words. */
export function describeStep(step: RolloutStep): string {
  switch (step.type) {
    case "starting":
      return "starting";
    case "ready":
      return `ready after ${(step.duration / 1000).toFixed(1)} s${step.version === undefined ? "" : `, Spark ${step.version}`}`;
    case "draining":
      return step.sessions === 0 ? "draining, no session left" : `draining, ${count(step.sessions)} left`;
    case "stopped":
      return step.sessionsLeft === 0
        ? "stopped"
        : `stopped at its deadline, with ${count(step.sessionsLeft)} still on it`;
    case "skipped":
      return `left as it is: ${step.because}`;
    case "rolled-back":
      return `back again: ${step.because}`;
  }
}

function count(sessions: number): string {
  return sessions === 1 ? "1 session" : `${sessions} sessions`;
}
