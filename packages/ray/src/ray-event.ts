/**
 * A state of a Ray task. `waiting` for its arguments, `pending` until a node has room and its environment is ready,
 * `running`, and then one of the last three.
 */
export type RayTaskState = "waiting" | "pending" | "running" | "finished" | "failed" | "cancelled";

/** A task has changed its state. */
export interface RayTaskEvent {
  readonly type: "task";
  /** The id of the task submitted through the client that this one descends from, or is. */
  readonly root: string;
  /** The label that the root was submitted with. */
  readonly label?: string;
  /** The task's own id: that of the client for a root, Ray's for a nested one. */
  readonly task: string;
  /** The task that started it; absent for a root. */
  readonly parent?: string;
  readonly name: string;
  /** Of a watched job: the function's name, the actor's class (its creation), or `Class.method`, whatever `name` is. */
  readonly function?: string;
  /** Of a watched job: the id of the actor that it creates or is a call of. */
  readonly actor?: string;
  readonly state: RayTaskState;
  /** What it reserves, e.g. `{ CPU: 2, GPU: 0.5 }`; memory in bytes. */
  readonly resources: Readonly<Record<string, number>>;
  /** The id of the node that it runs on. */
  readonly node?: string;
  readonly error?: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** Something was printed by a task: one or more whole lines, without the last line break. */
export interface RayLogEvent {
  readonly type: "log";
  /** Absent where it cannot be told which task printed it. */
  readonly root?: string;
  readonly label?: string;
  readonly task?: string;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** Something that a person should know of a watched job: a detached actor that lives on, a task that no node can hold. */
export interface RayNoteEvent {
  readonly type: "note";
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/**
 * The embedded node builds a Python environment for tasks of a watched job that ask for packages of their own:
 * `building` for each line of the build, then `ready` or `failed`.
 */
export interface RayEnvironmentEvent {
  readonly type: "environment";
  /** Tells it from others that are built at the same time. */
  readonly environment: string;
  readonly state: "building" | "ready" | "failed";
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** What happens to the tasks of a run. */
export type RayEvent = RayTaskEvent | RayLogEvent | RayNoteEvent | RayEnvironmentEvent;
