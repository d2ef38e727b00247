import type { SparkProgress } from "@duet/engine";
import { cleanCell } from "./clean-text.ts";
import type { Colours } from "./colours.ts";
import { formatBytes, formatCount, formatDuration, plural } from "./format.ts";
import type { RunningStep, RunState } from "./run-state.ts";
import { stepLine } from "./step-line.ts";
import { taskLines } from "./task-lines.ts";
import { cutText } from "./text-width.ts";

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;
/** The time that one frame of the spinner stands, in milliseconds. */
export const FRAME_MS = 100;
const BAR_WIDTH = 24;

/** The size of the terminal. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** The live area at `now` (milliseconds since 1970): running steps, Spark's stages, Ray's tasks, starting engines. */
export function liveLines(state: RunState, now: number, size: Size, colours: Colours): readonly string[] {
  const spinner = FRAMES[Math.floor(now / FRAME_MS) % FRAMES.length] ?? FRAMES[0];
  const lines = [...state.steps.values()].flatMap((step) =>
    runningStepLines(step, spinner, now, size, colours),
  );
  for (const { engine, detail, time } of state.starting.values()) {
    const title = `starting ${detail}`;
    lines.push(
      stepLine(
        { mark: colours.dim(spinner), engine, title, remark: "", time: formatDuration(now - time) },
        size.columns,
        colours,
      ),
    );
  }
  // One row stays free for what comes next.
  const room = Math.max(1, size.rows - 1);
  if (lines.length <= room) return lines;
  return [...lines.slice(0, room - 1), colours.dim(`… ${plural(lines.length - room + 1, "line")} more`)];
}

function runningStepLines(
  step: RunningStep,
  spinner: string,
  now: number,
  size: Size,
  colours: Colours,
): readonly string[] {
  const { engine, title, time } = step.started;
  const first = stepLine(
    { mark: colours.cyan(spinner), engine, title, remark: "", time: formatDuration(now - time) },
    size.columns,
    colours,
  );
  const below: string[] = [];
  if (step.status !== undefined) below.push(colours.dim(cleanCell(step.status)));
  if (step.spark !== undefined) below.push(...sparkLines(step.spark, colours));
  below.push(...taskLines(step.tasks, colours));
  return [first, ...below.map((line) => cutText(`        ${line}`, size.columns))];
}

/** A bar over all tasks of the operation, and what of it runs. */
function sparkLines(progress: SparkProgress, colours: Colours): readonly string[] {
  const tasks = progress.stages.reduce((sum, stage) => sum + stage.tasks, 0);
  const completed = progress.stages.reduce((sum, stage) => sum + stage.completed, 0);
  const bytes = progress.stages.reduce((sum, stage) => sum + stage.bytesRead, 0);
  const running = progress.stages.filter((stage) => stage.completed < stage.tasks);
  if (tasks === 0) return [];
  const filled = Math.round((completed / tasks) * BAR_WIDTH);
  const bar = `${colours.yellow("━".repeat(filled))}${colours.dim("━".repeat(BAR_WIDTH - filled))}`;
  const parts = [
    `${formatCount(completed)}/${plural(tasks, "task")}`,
    running.length === 0
      ? plural(progress.stages.length, "stage")
      : `stage ${running.map((stage) => stage.id).join(", ")}`,
    ...(progress.runningTasks > 0 ? [`${formatCount(progress.runningTasks)} running`] : []),
    ...(bytes > 0 ? [`${formatBytes(bytes)} read`] : []),
  ];
  return [`${bar} ${parts.join(" · ")}`];
}
