import * as v from "valibot";
import type { ScriptRayTask } from "../events/ray-steps.ts";
import type { RecordKind } from "./log-decoder.ts";

/** The version of the log that this Duet reads; `python/duet/script/job_log.py` has the same. */
const VERSION = 1;

const number = v.pipe(v.number(), v.finite());

/** The script's process is about to be started. `folder` is where the uploaded files lie on the node. */
const begin = v.object({ version: v.literal(VERSION), time: number, python: v.string(), folder: v.string() });

const task = v.object({
  task: v.string(),
  parent: v.exactOptional(v.string()),
  name: v.string(),
  function: v.exactOptional(v.string()),
  actor: v.exactOptional(v.string()),
  state: v.picklist(["waiting", "pending", "running", "finished", "failed", "cancelled"]),
  resources: v.record(v.string(), number),
  node: v.exactOptional(v.string()),
  error: v.exactOptional(v.string()),
  time: number,
});

/** The script could not be started. */
const failed = v.object({ code: v.string(), message: v.string() });

/** The script's process has ended. `stopped`: the job had been asked to stop. */
const exit = v.object({ code: number, stopped: v.boolean(), time: number });

/** A record of a job's log, other than the messages of the script's processes. */
export type JobRecord =
  | ({ readonly kind: "begin" } & Readonly<v.InferOutput<typeof begin>>)
  | { readonly kind: "task"; readonly task: ScriptRayTask }
  | ({ readonly kind: "failed" } & Readonly<v.InferOutput<typeof failed>>)
  | ({ readonly kind: "exit" } & Readonly<v.InferOutput<typeof exit>>);

/** Reads a record. @throws {Error} when the cluster's part of Duet is of another version */
export function readJobRecord(kind: Exclude<RecordKind, "message">, json: string): JobRecord {
  try {
    const value: unknown = JSON.parse(json);
    switch (kind) {
      case "begin":
        return { kind, ...v.parse(begin, value) };
      case "task":
        return { kind, task: v.parse(task, value) };
      case "failed":
        return { kind, ...v.parse(failed, value) };
      case "exit":
        return { kind, ...v.parse(exit, value) };
    }
  } catch (cause) {
    throw new Error(`The job's log was written by another version of Duet: ${kind} ${json}`, { cause });
  }
}
