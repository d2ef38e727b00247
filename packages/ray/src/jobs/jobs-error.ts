/** What a {@link RayJobsError} says. */
export interface JobsFailure {
  readonly code: RayJobsErrorCode;
  readonly message: string;
  /** What to do about it. */
  readonly help?: string;
  /** Ray's own last words, line by line. */
  readonly details?: readonly string[];
}

/**
 * Why the Jobs API gave no answer or refused. `jobs-unreachable`: nothing answers there, or the connection was lost;
 * `jobs-unauthorized`: no token or a wrong one; `jobs-not-ray`: something else answers; `jobs-busy`: Ray's agent on
 * the head node does not answer; `job-unknown`: there is no such job; `job-refused`: Ray does not take the request;
 * `jobs-failed`: Ray's own mistake.
 */
export type RayJobsErrorCode =
  | "jobs-unreachable"
  | "jobs-unauthorized"
  | "jobs-not-ray"
  | "jobs-busy"
  | "job-unknown"
  | "job-refused"
  | "jobs-failed";

/** Thrown by every call of a `RayJobs` client. */
export class RayJobsError extends Error {
  override readonly name = "RayJobsError";
  readonly code: RayJobsErrorCode;
  readonly help: string | undefined;
  readonly details: readonly string[];

  constructor(failure: JobsFailure, options?: ErrorOptions) {
    super(failure.message, options);
    this.code = failure.code;
    this.help = failure.help;
    this.details = failure.details ?? [];
  }
}

/** How many of the last lines of Ray's traceback a message keeps. */
const DETAIL_LINES = 8;

/** The error that an answer with an error status stands for. */
export function answerError(url: string, status: number, text: string): RayJobsError {
  const lines = text.trim().split("\n");
  const details = lines.slice(-DETAIL_LINES);
  if (status === 401 || status === 403) {
    return new RayJobsError({
      code: "jobs-unauthorized",
      message: `Ray at ${url} does not let us in: ${lines[0] ?? ""}`,
      help: "the cluster wants its authentication token (the one that `ray get-auth-token` prints on its head node)",
    });
  }
  if (text.includes("No available agent")) {
    return new RayJobsError({
      code: "jobs-busy",
      message: `Ray at ${url} takes no job: its agent on the head node does not answer`,
      help: "wait until the cluster is up; else look at dashboard_agent.log on the head node (a port that is taken, for instance)",
    });
  }
  if (status === 404 && /^Job .* does not exist/u.test(text)) {
    return new RayJobsError({ code: "job-unknown", message: lines[0] ?? text });
  }
  if (status === 404 || status === 405) {
    return new RayJobsError({
      code: "jobs-not-ray",
      message: `${url} answers, but not as Ray's Jobs API (HTTP ${status})`,
      help: "the address is that of Ray's dashboard, by default port 8265 of the head node",
    });
  }
  // The head passes an agent's refusal on as a failure of its own.
  if (status === 400 || text.includes("status code 400")) {
    const reason = lines.findLast((line) => /^[\w.]*Error: /u.test(line)) ?? lines.at(-1) ?? "";
    const message = `Ray does not take the job: ${reason.replace(/^[\w.]*Error: /u, "")}`;
    return new RayJobsError({ code: "job-refused", message, details });
  }
  return new RayJobsError({
    code: "jobs-failed",
    message: `Ray at ${url} failed (HTTP ${status})`,
    help: "look at dashboard_JobHead.log on the cluster's head node",
    details,
  });
}

/** The error of a call that got no answer. */
export function connectionError(url: string, cause: unknown): RayJobsError {
  const reason = cause instanceof Error ? (causeText(cause) ?? cause.message) : String(cause);
  return new RayJobsError(
    {
      code: "jobs-unreachable",
      message: `Ray's Jobs API at ${url} cannot be reached: ${reason}`,
      help: "check the address, the network and whether the cluster runs (its dashboard must be on)",
    },
    { cause },
  );
}

/** undici hides the system's reason one or two causes deep, and that of several addresses in a list. */
function causeText(error: Error): string | undefined {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0].message;
  if (error.message !== "") return error.message;
  return error.cause instanceof Error ? causeText(error.cause) : undefined;
}
