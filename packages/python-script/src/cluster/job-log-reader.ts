import { join, relative } from "node:path";
import { parseScriptMessage } from "../channel/parse-message.ts";
import type { ScriptRayTask } from "../events/ray-steps.ts";
import type { ScriptMessage } from "../script-message.ts";
import { ClusterRunError } from "./cluster-error.ts";
import { readJobRecord } from "./job-record.ts";
import { LogDecoder, type LogItem, type OutputStream } from "./log-decoder.ts";

/** So many of Ray's lines are kept. */
const PREAMBLE_LINES = 200;

/** Takes what a script prints, byte for byte; resolves when the reader keeps up. */
export type OutputWriter = (stream: OutputStream, bytes: Uint8Array) => Promise<void>;

/** What comes out of a job's log; what is left out is dropped. */
export interface JobLogTarget {
  readonly onOutput: OutputWriter;
  /** The script's process starts. */
  readonly onBegin?: (python: string) => void;
  readonly onMessage?: (message: ScriptMessage) => void;
  readonly onTask?: (task: ScriptRayTask) => void;
}

/** How a script's process has ended on the cluster. */
export interface JobExit {
  readonly code: number;
  /** Whether the job had been asked to stop. */
  readonly stopped: boolean;
}

/** Reads the log of a script's job: its output, what its processes tell, and how it ended. */
export class JobLogReader {
  readonly #target: JobLogTarget;
  readonly #folder: string | undefined;
  readonly #decoder = new LogDecoder();
  readonly #preamble: string[] = [];
  #remote: string | undefined;
  #exit: JobExit | undefined;

  /** `folder` is where the files that were sent lie here: places in the log become places in them. */
  constructor(target: JobLogTarget, folder?: string) {
    this.#target = target;
    this.#folder = folder;
  }

  /** Whether the script was started. */
  get begun(): boolean {
    return this.#remote !== undefined;
  }

  /** What Ray wrote before that: its last lines. */
  get preamble(): readonly string[] {
    return this.#preamble;
  }

  /** Undefined as long as the script runs, and when it ended without a word. */
  get exit(): JobExit | undefined {
    return this.#exit;
  }

  /**
   * Takes a log to its end, or to the script's.
   * @throws {ClusterRunError} when the script could not be started
   */
  async read(log: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const bytes of log) {
      for (const item of this.#decoder.push(bytes)) await this.#take(item);
      if (this.#exit !== undefined) return;
    }
    for (const item of this.#decoder.end()) await this.#take(item);
  }

  async #take(item: LogItem): Promise<void> {
    const { onOutput, onMessage, onTask, onBegin } = this.#target;
    if (item.type === "output") {
      await onOutput(item.stream, item.bytes);
    } else if (item.type === "preamble") {
      this.#preamble.push(item.text);
      if (this.#preamble.length > PREAMBLE_LINES) this.#preamble.shift();
    } else if (item.kind === "message") {
      const message = parseScriptMessage(item.json);
      if (message !== undefined) onMessage?.(this.#here(message));
    } else {
      const record = readJobRecord(item.kind, item.json);
      switch (record.kind) {
        case "begin":
          this.#remote = record.folder;
          onBegin?.(record.python);
          return;
        case "task":
          onTask?.(record.task);
          return;
        case "failed":
          throw new ClusterRunError({ code: record.code, message: record.message });
        case "exit":
          this.#exit = { code: record.code, stopped: record.stopped };
          return;
      }
    }
  }

  /** A message with the place that its file has here. */
  #here(message: ScriptMessage): ScriptMessage {
    if (message.type !== "operation-started" || message.file === undefined) return message;
    if (this.#folder === undefined || this.#remote === undefined) return message;
    const inner = relative(this.#remote, message.file);
    return inner.startsWith("..") ? message : { ...message, file: join(this.#folder, inner) };
  }
}
