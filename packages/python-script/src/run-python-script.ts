import { resolve } from "node:path";
import { EventQueue, type EventBody, newRunId, type Outcome, type RunEvent } from "@duet/engine";
import { ScriptChannel } from "./channel/script-channel.ts";
import { ScriptEvents } from "./events/script-events.ts";
import { failureOf } from "./failure.ts";
import { analyse, type PreparedScript, prepareScript } from "./prepare-script.ts";
import { killedBy, type ProcessEnd, shellExitCode } from "./process/process-end.ts";
import { endRunProcesses } from "./process/run-processes.ts";
import { scriptEnvironment } from "./process/script-environment.ts";
import { ScriptProcess } from "./process/script-process.ts";
import { LakeFolder } from "./lake-folder.ts";
import { RunFolder } from "./run-folder.ts";
import { engineFailed, ScriptEngines } from "./script-engines.ts";
import type { ScriptAnswer, ScriptMessage, ScriptWiring } from "./script-message.ts";
import type { PythonScriptOptions } from "./script-options.ts";
import { SparkSessions } from "./spark-sessions.ts";
import { RayWatch } from "./watch-ray.ts";
import { SHARED_SIZES, UNSHARED_SIZES } from "./wiring-sizes.ts";

/** Lines that wait for a reader of the events; a script that prints more waits. */
const MOST_LINES = 1_000;
/** What the script's processes have told last arrives within this time after its end. Milliseconds. */
const LAST_WORDS_MS = 100;
/**
 * A script that is stopped gets its signal so long before its Spark operations are interrupted from here: one that
 * failed under it would end it by an error of Spark's instead, and the signal would hit its clean-up. Milliseconds.
 */
const SCRIPT_FIRST_MS = 500;
/** What a stopped script has left running gets so long to end. Milliseconds. */
const LEFT_OVER_GRACE_MS = 500;

/**
 * A run of a Python script: its events, of which the last is `run-finished` with the exit code. The script starts with
 * the first event that is read; a reader that stops reading stops it.
 */
export interface PythonScriptRun extends AsyncIterable<RunEvent> {
  readonly id: string;
  /** Kills the script at once, without waiting; the events come to their end. */
  kill(): void;
}

/** Runs an ordinary Python script, with Spark and Ray where it asks for them. Nothing is thrown but bugs. */
export function runPythonScript(options: PythonScriptOptions): PythonScriptRun {
  return new Run(options);
}

class Run implements PythonScriptRun {
  readonly id: string;
  readonly #options: PythonScriptOptions;
  readonly #queue = new EventQueue<RunEvent>();
  readonly #left = new AbortController();
  readonly #signal: AbortSignal;
  readonly #events: ScriptEvents;
  readonly #engines: ScriptEngines;
  readonly #sessions = new SparkSessions();
  readonly #ray: RayWatch;
  #process: ScriptProcess | undefined;

  constructor(options: PythonScriptOptions) {
    this.#options = options;
    this.id = options.run ?? newRunId();
    const { engines } = options;
    const asked = options.signal === undefined ? [] : [options.signal];
    this.#signal = AbortSignal.any([...asked, this.#left.signal]);
    const emit = (event: EventBody): void => {
      this.#emit(event);
    };
    this.#events = new ScriptEvents(options.script, emit);
    this.#engines = new ScriptEngines({ engines, signal: this.#signal, emit });
    this.#ray = new RayWatch({ run: this.id, events: this.#events, emit, signal: this.#signal });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RunEvent, void, undefined> {
    const done = this.#carryOut();
    // A bug is thrown to the reader when the stream has ended.
    done.catch(() => undefined);
    try {
      yield* this.#queue;
    } finally {
      this.#left.abort(new Error("nobody reads the run's events any more"));
      await done;
    }
  }

  kill(): void {
    this.#process?.kill();
  }

  async #carryOut(): Promise<void> {
    const start = performance.now();
    try {
      this.#emit({ type: "run-started", file: this.#options.script });
      const exitCode = await this.#run();
      const outcome: Outcome = this.#signal.aborted ? "cancelled" : exitCode === 0 ? "succeeded" : "failed";
      const duration = performance.now() - start;
      this.#emit({ type: "run-finished", outcome, duration, engines: this.#events.clock.times, exitCode });
    } finally {
      this.#queue.close();
    }
  }

  /** Prepares the script, runs it to its end and clears up; gives the exit code. */
  async #run(): Promise<number> {
    const analysis = analyse(this.#options, this.#signal);
    // It is waited for below, after the folder.
    analysis.catch(() => undefined);
    await using folder = await RunFolder.make(this.#options.installation.home, this.id);
    await using channel = await ScriptChannel.listen(folder.socket, {
      onMessage: (message, answer) => {
        this.#take(message, answer);
      },
      onUnknown: (line) => {
        this.#events.note(`a process of the script sent what is no message: ${line.slice(0, 200)}`);
      },
    });
    let exitCode: number;
    try {
      const report = {
        events: this.#events,
        emit: (event: EventBody) => {
          this.#emit(event);
        },
        foresee: (engine: "spark" | "ray") => {
          this.#foresee(engine);
        },
      };
      const prepared = await prepareScript(this.#options, await analysis, report, this.#signal);
      const { lake } = this.#options;
      await using shared = typeof lake === "object" ? await LakeFolder.make(lake.path, this.id) : undefined;
      exitCode = this.#exitCode(await this.#runProcess(prepared, folder, shared?.path ?? folder.path));
    } catch (error) {
      exitCode = this.#refused(error);
    }
    await channel.settle(LAST_WORDS_MS);
    const stopped = this.#signal.aborted;
    folder.unquiet = stopped || this.#events.hasFailures;
    await Promise.all([
      this.#sessions[Symbol.asyncDispose](),
      this.#ray[Symbol.asyncDispose](),
      ...(stopped ? [endRunProcesses(this.id, LEFT_OVER_GRACE_MS)] : []),
    ]);
    this.#events.end(Date.now());
    return exitCode;
  }

  async #runProcess(prepared: PreparedScript, folder: RunFolder, directory: string): Promise<ProcessEnd> {
    this.#signal.throwIfAborted();
    const {
      script: file,
      arguments: parameters,
      workingDirectory,
      stdin,
      output,
      stopSignal,
    } = this.#options;
    this.#engines.classic = prepared.classic?.spark;
    this.#engines.runtimeEnv = prepared.runtimeEnv;
    const wiring = this.#wiring(prepared, directory);
    this.#engines.workerWiring = wiring;
    using script = await ScriptProcess.start({
      run: this.id,
      python: prepared.python,
      arguments: [file, ...parameters],
      workingDirectory,
      environment: scriptEnvironment(
        { ...wiring, socket: folder.socket },
        this.#options.installation.pythonPath,
        { ...process.env, ...prepared.environment },
      ),
      stdin,
      ...(output === "inherit" ? {} : { onLine: (stream, text) => this.#print(stream, text) }),
    });
    this.#process = script;
    let interrupt: NodeJS.Timeout | undefined;
    const stop = (): void => {
      this.#events.stopping();
      void script.stop(stopSignal?.() ?? "SIGINT");
      interrupt = setTimeout(() => void this.#sessions.interrupt(), SCRIPT_FIRST_MS);
    };
    this.#signal.addEventListener("abort", stop, { once: true });
    // It may have been aborted while Python was being started.
    if (this.#signal.aborted) stop();
    const end = await script.ended;
    clearTimeout(interrupt);
    this.#signal.removeEventListener("abort", stop);
    this.#tellEnd(end);
    return end;
  }

  #wiring({ classic }: PreparedScript, directory: string): Omit<ScriptWiring, "socket"> {
    const { script, workingDirectory, lake } = this.#options;
    return {
      ...{ run: this.id, directory },
      ...(lake === "none" ? UNSHARED_SIZES : SHARED_SIZES),
      script: resolve(workingDirectory, script),
      ...(classic === undefined ? {} : { spark: classic.spark }),
    };
  }

  /** The script's exit code; of one that was stopped and ended by any signal (libraries crash then), that of its stopping. */
  #exitCode(end: ProcessEnd): number {
    return this.#signal.aborted && end.signal !== null ? this.#stopCode : shellExitCode(end);
  }

  get #stopCode(): number {
    return shellExitCode({ code: null, signal: this.#options.stopSignal?.() ?? "SIGINT" });
  }

  /** Tells why nothing has run; gives the exit code. */
  #refused(error: unknown): number {
    if (this.#signal.aborted) return this.#stopCode;
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    const { code, message, help, file, line = 1 } = failure;
    const span = file === undefined ? this.#events.span : this.#events.place(file, line);
    this.#events.diagnose(code, message, help, span);
    return failure.exitCode;
  }

  #take(message: ScriptMessage, answer: (answer: ScriptAnswer) => void): void {
    if (message.type === "need") void this.#answer(message.id, message.engine, answer);
    else if (message.type === "spark-session") this.#sessions.add(message, this.#engines.authorities);
    else if (message.type === "ray-job") void this.#ray.watch(message.job);
    this.#events.message(message);
  }

  async #answer(id: number, engine: "spark" | "ray", answer: (answer: ScriptAnswer) => void): Promise<void> {
    try {
      if (engine === "ray") this.#ray.connect(this.#engines.rayAddress());
      answer({ type: "engine", id, engine: await this.#engines.give(engine) });
    } catch (error) {
      answer(engineFailed(id, error));
    }
  }

  #foresee(engine: "spark" | "ray"): void {
    this.#engines.foresee(engine);
    if (engine === "ray") this.#ray.connect(this.#engines.rayAddress());
  }

  async #print(stream: "stdout" | "stderr", text: string): Promise<void> {
    this.#emit({ type: "log", stream, text });
    await this.#queue.room(MOST_LINES);
  }

  #tellEnd({ signal }: ProcessEnd): void {
    if (signal === null || this.#signal.aborted || signal === "SIGINT") return;
    const { message, help } = killedBy(signal);
    this.#events.diagnose("script-killed", message, help);
  }

  #emit(event: EventBody): void {
    this.#queue.push({ ...event, run: this.id, time: Date.now() });
  }
}
