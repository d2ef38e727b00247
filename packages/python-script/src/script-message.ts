import type { SparkProgress } from "@duet/engine";

/** Fields that every message of a script's processes has. */
interface MessageBase {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The id of the process that sent it. */
  readonly process: number;
}

/** Asks for an engine; answered by {@link EngineGiven} or {@link EngineFailed} with the same `id`. */
export interface EngineNeeded extends MessageBase {
  readonly type: "need";
  readonly id: number;
  readonly engine: "spark" | "ray";
}

/** A Spark session has begun. It is interrupted and released at the run's end, whatever happened to the script. */
export interface SparkSessionStarted extends MessageBase {
  readonly type: "spark-session";
  /** `sc://host:port` */
  readonly url: string;
  readonly userId: string;
  readonly sessionId: string;
}

/** A Spark operation or a hand-over has begun. */
export interface OperationStarted extends MessageBase {
  readonly type: "operation-started";
  readonly operation: string;
  /** `duet` for a hand-over between the engines; absent: Spark. */
  readonly engine?: "spark" | "ray" | "duet";
  /** `collect`, `write`, `sql`, `hand over`, … */
  readonly kind: string;
  /** One line for a person. */
  readonly title: string;
  /** The user's file that caused it, and its line, from 1; absent where no user code is on the stack. */
  readonly file?: string;
  readonly line?: number;
}

/** What an operation has done so far, in Spark's own figures. */
export interface OperationProgress extends MessageBase {
  readonly type: "operation-progress";
  readonly operation: string;
  readonly stages: SparkProgress["stages"];
  readonly runningTasks: number;
}

/** An operation has ended. */
export interface OperationFinished extends MessageBase {
  readonly type: "operation-finished";
  readonly operation: string;
  readonly outcome: "succeeded" | "failed" | "cancelled";
  readonly rows?: number;
  /** The first line of the error's message. */
  readonly error?: string;
}

/** A process has connected to Ray: the script, its children, a Spark executor. */
export interface RayJobStarted extends MessageBase {
  readonly type: "ray-job";
  /** Ray's job id, e.g. `02000000`. */
  readonly job: string;
}

/** Something that a person should know once. */
export interface ScriptNote extends MessageBase {
  readonly type: "note";
  readonly text: string;
}

/** What the processes of a script tell, one JSON object a line. */
export type ScriptMessage =
  | EngineNeeded
  | SparkSessionStarted
  | OperationStarted
  | OperationProgress
  | OperationFinished
  | RayJobStarted
  | ScriptNote;

/** The Spark that a script gets, as in `DUET_SCRIPT`. */
export interface ScriptSpark {
  /** `classic`: the script's process builds a driver of its own. */
  readonly kind: "sail" | "apache" | "classic";
  /** `sc://host:port`; absent for a classic driver. */
  readonly url?: string;
  readonly token?: string;
  /** Certificates of the authorities to trust, as PEM; those of gRPC where there are none. */
  readonly authorities?: string;
  /** Of a classic driver, e.g. `local[2]`. */
  readonly master?: string;
  /** Spark settings of a classic driver. */
  readonly conf?: Readonly<Record<string, string>>;
}

/** The Ray that a script gets, as in `DUET_SCRIPT`. */
export interface ScriptRay {
  /** `host:port` of the head node's GCS. */
  readonly address: string;
  /** The file with the cluster's authentication token. */
  readonly tokenPath?: string;
  /** What Ray's job of the script has as its runtime environment. */
  readonly runtimeEnv?: Readonly<Record<string, unknown>>;
  /** Whether it is the one-node Ray of Duet. */
  readonly embedded: boolean;
}

/** The answer to {@link EngineNeeded}: the engine answers. */
export interface EngineGiven {
  readonly type: "engine";
  readonly id: number;
  readonly engine: ScriptSpark | ScriptRay;
}

/** The answer to {@link EngineNeeded}: there is no such engine. The script gets an exception with this message. */
export interface EngineFailed {
  readonly type: "engine-failed";
  readonly id: number;
  readonly code: string;
  readonly message: string;
}

/** What Duet tells a script's process. */
export type ScriptAnswer = EngineGiven | EngineFailed;

/** The wiring of a script's processes: JSON in their environment variable `DUET_SCRIPT`. */
export interface ScriptWiring {
  /** The run's id. */
  readonly run: string;
  /** The Unix domain socket of the channel; absent: nobody listens. */
  readonly socket?: string;
  /** Absent: asked for by the channel when it is needed. */
  readonly spark?: ScriptSpark;
  readonly ray?: ScriptRay;
  /** The run's folder in the lake; removed at the run's end. */
  readonly directory: string;
  /** Hand-over to Ray: up to here as Arrow, above as files. Bytes. */
  readonly switchBytes: number;
  /** Hand-over back to Spark: up to here in the plan. Bytes. */
  readonly planBytes: number;
  /** The script's absolute path. */
  readonly script: string;
}
