import type { RayJob } from "@duet/ray";
import { ScriptEnvironmentError } from "../environment/script-environment-error.ts";
import { ClusterRunError } from "./cluster-error.ts";

/** How many of Ray's last lines a message keeps. */
const DETAIL_LINES = 8;

const NO_INSTALLER =
  "the cluster's own Python needs pip or uv for Ray's environments: install one of them there";

/** Lines of Ray's that say nothing about what went wrong. */
const FRAMES =
  /^(?:Traceback|\s+File "|\s{4}|\s*\^+$|\[Node |Could not create the actor|Running entrypoint|\d{4}-\d\d-\d\d )/u;

/** Why a job ended before its script was started. `preamble` is what Ray has written into its log until then. */
export function startFailure(
  job: RayJob,
  preamble: readonly string[],
): ClusterRunError | ScriptEnvironmentError {
  if (job.state === "STOPPED") {
    return new ClusterRunError({
      code: "job-stopped",
      message: "the job was stopped before the script started",
    });
  }
  const environment = /runtime[_ ]env(?:ironment)? setup failed/iu.test(job.message);
  if (environment) {
    const words = resolverWords(job.message);
    return new ScriptEnvironmentError({
      code: "environment-failed",
      message: `Ray could not build the script's environment on the cluster:\n${words}`,
      ...(/No module named '?pip\b/u.test(words) ? { help: NO_INSTALLER } : {}),
    });
  }
  const details = (preamble.length > 0 ? preamble : job.message.split("\n"))
    .filter((line) => line.trim() !== "" && !line.startsWith("Running entrypoint"))
    .slice(-DETAIL_LINES);
  const noPython = details.some((line) => /python\S*: (?:command )?not found|No module named/iu.test(line));
  return new ClusterRunError({
    code: "job-not-started",
    message: `Ray started the job, but not the script: ${job.message.split("\n")[0] ?? ""}`,
    details,
    help: noPython
      ? "name Ray's Python on the cluster's nodes in duet.toml: [profiles.<name>.ray] python = \"/…/bin/python\""
      : "run `duet doctor --profile <name>`; the lines above are the cluster's own",
  });
}

/** The installer's own last words out of Ray's traceback. */
function resolverWords(message: string): string {
  const [, words] = message.split(/Last \d+ lines of stdout:\n/u);
  const lines = (words ?? message).split("\n").filter((line) => line.trim() !== "");
  const own = words === undefined ? lines.filter((line) => !FRAMES.test(line)) : lines;
  return own
    .slice(-DETAIL_LINES)
    .map((line) => line.trim())
    .join("\n");
}
