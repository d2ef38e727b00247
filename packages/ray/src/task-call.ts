import { createHash } from "node:crypto";
import type { JsonValue } from "./json-value.ts";
import { ObjectRef } from "./object-ref.ts";
import type { FunctionReference, TaskRequest } from "./task-request.ts";

/** A task's arguments on the wire: JSON text for the worker, and the refs that Ray resolves for it. */
export interface TaskCall {
  readonly call: string;
  readonly refs: readonly string[];
}

/** Writes down a call. Refs stand as null in the text, which says where each of them belongs. */
export function encodeCall(id: string, task: TaskRequest): TaskCall {
  const refs: string[] = [];
  const places: (number | string)[] = [];
  const plain = (place: number | string, value: JsonValue | ObjectRef): JsonValue => {
    if (!(value instanceof ObjectRef)) return value;
    refs.push(value.id);
    places.push(place);
    return null;
  };
  const args = (task.arguments ?? []).map((value, index) => plain(index, value));
  const keywords = Object.entries(task.keywordArguments ?? {}).map(
    ([name, value]) => [name, plain(name, value)] as const,
  );
  const call = JSON.stringify({
    task: id,
    run: task.run,
    label: task.label,
    args,
    kwargs: keywords.length > 0 ? Object.fromEntries<JsonValue>(keywords) : undefined,
    refs: places.length > 0 ? places : undefined,
  });
  return { call, refs };
}

/** Names a function by its content, so that it is shipped once. */
export function functionIdentity(reference: FunctionReference): string {
  return createHash("sha256").update(JSON.stringify(reference)).digest("hex").slice(0, 32);
}
