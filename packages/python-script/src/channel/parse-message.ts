import * as v from "valibot";
import type { ScriptMessage } from "../script-message.ts";

const count = v.pipe(v.number(), v.finite());
const base = { time: count, process: count };
const outcome = v.picklist(["succeeded", "failed", "cancelled"]);
const stage = v.object({ id: count, tasks: count, completed: count, bytesRead: count });

const schema = v.variant("type", [
  v.object({
    ...base,
    type: v.literal("need"),
    id: count,
    engine: v.picklist(["spark", "ray"]),
  }),
  v.object({
    ...base,
    type: v.literal("spark-session"),
    url: v.string(),
    userId: v.string(),
    sessionId: v.string(),
  }),
  v.object({
    ...base,
    type: v.literal("operation-started"),
    operation: v.string(),
    engine: v.exactOptional(v.picklist(["spark", "ray", "duet"])),
    kind: v.string(),
    title: v.string(),
    file: v.exactOptional(v.string()),
    line: v.exactOptional(count),
  }),
  v.object({
    ...base,
    type: v.literal("operation-progress"),
    operation: v.string(),
    stages: v.array(stage),
    runningTasks: count,
  }),
  v.object({
    ...base,
    type: v.literal("operation-finished"),
    operation: v.string(),
    outcome,
    rows: v.exactOptional(count),
    error: v.exactOptional(v.string()),
  }),
  v.object({ ...base, type: v.literal("ray-job"), job: v.string() }),
  v.object({ ...base, type: v.literal("note"), text: v.string() }),
]);

/** Reads one line of the channel, or of a job's log; undefined for what is no message that Duet knows. */
export function parseScriptMessage(line: string): ScriptMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const result = v.safeParse(schema, value);
  return result.success ? result.output : undefined;
}
