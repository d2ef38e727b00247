import { randomBytes } from "node:crypto";
import { Agent } from "undici";
import type { BridgeMessage, RequestBody } from "./bridge-message.ts";
import { BridgeSocket } from "./bridge-socket.ts";
import type { BridgeAddress } from "./bridge-address.ts";
import { DeferredResult } from "./deferred-result.ts";
import { requestEnvironment } from "./environment.ts";
import { requestServedFunction, type ServedFunction } from "./serve-function.ts";
import { EventStream } from "./event-stream.ts";
import type { JsonValue } from "./json-value.ts";
import { ObjectRef } from "./object-ref.ts";
import type { RayClient, RayCluster, RayNode } from "./ray-client.ts";
import { RayError } from "./ray-error.ts";
import type { RayEvent } from "./ray-event.ts";
import { readTable, sendTable } from "./table-transfer.ts";
import { encodeCall, functionIdentity } from "./task-call.ts";
import type { FunctionReference, RayTask, TaskRequest } from "./task-request.ts";

interface SubmittedTask extends RayTask {
  readonly run: string;
  readonly outcome: DeferredResult<JsonValue>;
}

/** The client of one bridge; made by `connectRay`. */
export class BridgeClient implements RayClient {
  readonly #address: BridgeAddress;
  readonly #socket: BridgeSocket;
  // Tables and environments may take as long as they need; that the bridge is lost shows on the socket.
  readonly #agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  readonly #hello = new DeferredResult<RayCluster>();
  readonly #tasks = new Map<string, SubmittedTask>();
  readonly #requests = new Map<number, DeferredResult<JsonValue>>();
  readonly #streams = new Map<string, Set<EventStream<RayEvent>>>();
  readonly #identities = new WeakMap<FunctionReference, string>();
  readonly #shipped = new Set<string>();
  readonly #idPrefix = randomBytes(5).toString("hex");
  readonly #end = new AbortController();
  #cluster: RayCluster | undefined;
  #nextTask = 0;
  #nextRequest = 0;
  #lost: RayError | undefined;

  constructor(address: BridgeAddress) {
    this.#address = address;
    this.#socket = new BridgeSocket(address.url, address.token, {
      message: (message) => {
        this.#receive(message);
      },
      lost: (error) => {
        this.#lose(error);
      },
    });
  }

  async ready(signal?: AbortSignal): Promise<void> {
    await this.#socket.opened(signal);
    this.#cluster = await this.#hello.wait(signal);
  }

  get cluster(): RayCluster {
    if (this.#cluster === undefined) throw new Error("The client is not connected yet.");
    return this.#cluster;
  }

  submit(task: TaskRequest): RayTask {
    this.#nextTask += 1;
    const id = `${this.#idPrefix}-${this.#nextTask}`;
    const outcome = new DeferredResult<JsonValue>();
    const submitted: SubmittedTask = {
      id,
      ref: new ObjectRef(id),
      run: task.run,
      outcome,
      result: (options) => outcome.wait(options?.signal),
      cancel: async (options) => {
        if (outcome.settled) return;
        this.#socket.send({ type: "cancel", id, force: options?.force ?? false });
        await outcome.wait().catch(() => undefined);
      },
    };
    if (this.#lost !== undefined) {
      outcome.reject(this.#lost);
      return submitted;
    }
    try {
      this.#send(id, task);
      this.#tasks.set(id, submitted);
    } catch (error) {
      const message = `The arguments of the task ${task.name ?? task.function.name} are no JSON: ${String(error)}`;
      outcome.reject(new RayError({ code: "task-invalid", message }, { cause: error }));
    }
    return submitted;
  }

  #send(id: string, task: TaskRequest): void {
    const { call, refs } = encodeCall(id, task);
    this.#socket.send({
      type: "submit",
      id,
      run: task.run,
      function: this.#ship(task.function),
      name: task.name ?? task.function.name,
      call,
      ...(refs.length > 0 && { refs }),
      ...(task.options !== undefined && { options: { ...task.options } }),
      ...(task.label !== undefined && { label: task.label }),
    });
  }

  #ship(reference: FunctionReference): string {
    let identity = this.#identities.get(reference);
    if (identity === undefined) {
      identity = functionIdentity(reference);
      this.#identities.set(reference, identity);
    }
    if (!this.#shipped.has(identity)) {
      this.#socket.send({ type: "function", identity, reference: { ...reference } });
      this.#shipped.add(identity);
    }
    return identity;
  }

  async resources(options?: { readonly signal?: AbortSignal }): Promise<readonly RayNode[]> {
    const nodes = await this.#request({ type: "resources" }, options?.signal);
    return nodes as unknown as readonly RayNode[];
  }

  async putTable(
    ipcStreams: AsyncIterable<Uint8Array>,
    options: { readonly run: string; readonly signal?: AbortSignal; readonly rows?: number },
  ): Promise<{ readonly ref: ObjectRef; readonly rows: number; readonly bytes: number }> {
    const stored = await this.#whileConnected(options.signal, (signal) =>
      sendTable({ ...this.#address, agent: this.#agent, signal }, options.run, ipcStreams),
    );
    const ref = new ObjectRef(stored.id);
    if (options.rows !== undefined && options.rows !== stored.rows) {
      this.release([ref]);
      const message = `The table has ${stored.rows} rows in Ray where ${options.rows} were expected.`;
      throw new RayError({ code: "table-invalid", message });
    }
    return { ref, rows: stored.rows, bytes: stored.bytes };
  }

  async *getTable(
    ref: ObjectRef,
    options?: { readonly signal?: AbortSignal },
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const chunks = await this.#whileConnected(options?.signal, (signal) =>
      readTable({ ...this.#address, agent: this.#agent, signal }, ref.id),
    );
    try {
      yield* chunks;
    } catch (error) {
      this.#throwIfLost();
      throw error;
    }
  }

  async putJson(
    value: JsonValue,
    options: { readonly run: string; readonly signal?: AbortSignal },
  ): Promise<ObjectRef> {
    const id = await this.#request({ type: "put-json", run: options.run, value }, options.signal);
    return new ObjectRef(id as string);
  }

  async getJson(ref: ObjectRef, options?: { readonly signal?: AbortSignal }): Promise<JsonValue> {
    return this.#request({ type: "get-json", id: ref.id }, options?.signal);
  }

  release(refs: Iterable<ObjectRef>): void {
    this.#socket.send({ type: "release", ids: Array.from(refs, (ref) => ref.id) });
  }

  async endRun(run: string): Promise<void> {
    await this.#request({ type: "end-run", run });
    for (const stream of this.#streams.get(run) ?? []) stream.end();
    this.#streams.delete(run);
  }

  events(options: { readonly run: string; readonly signal?: AbortSignal }): AsyncIterable<RayEvent> {
    const { run, signal } = options;
    const stream = new EventStream<RayEvent>();
    if (this.#lost !== undefined || signal?.aborted === true) {
      stream.end(this.#lost);
      return stream;
    }
    const streams = this.#streams.get(run) ?? new Set();
    if (streams.size === 0) this.#socket.send({ type: "listen", run });
    this.#streams.set(run, streams.add(stream));
    const stop = (): void => {
      stream.end();
      streams.delete(stream);
      if (streams.size > 0 || this.#streams.get(run) !== streams) return;
      this.#streams.delete(run);
      this.#socket.send({ type: "unlisten", run });
    };
    signal?.addEventListener("abort", stop, { once: true });
    return stopAtEnd(stream, stop);
  }

  watchJob(run: string, job: string): void {
    if (this.#lost === undefined) this.#socket.send({ type: "watch-job", run, job });
  }

  async environment(
    specification: JsonValue,
    options: {
      readonly run: string;
      readonly signal?: AbortSignal;
      readonly onLine?: (line: string) => void;
    },
  ): Promise<JsonValue> {
    return this.#whileConnected(options.signal, (signal) =>
      requestEnvironment({ ...this.#address, agent: this.#agent, signal }, specification, options.onLine),
    );
  }

  async serveFunction(
    specification: Readonly<Record<string, JsonValue>>,
    options: { readonly run: string; readonly signal?: AbortSignal },
  ): Promise<ServedFunction> {
    return this.#whileConnected(options.signal, (signal) =>
      requestServedFunction(
        { ...this.#address, agent: this.#agent, signal },
        { ...specification, run: options.run },
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socket.close();
    this.#lose(new RayError({ code: "ray-lost", message: "The client was closed." }));
    await this.#agent.destroy();
  }

  /** Runs an HTTP call that ends, with the right error, when the bridge is lost. */
  async #whileConnected<T>(
    signal: AbortSignal | undefined,
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    this.#throwIfLost();
    const either = signal === undefined ? this.#end.signal : AbortSignal.any([signal, this.#end.signal]);
    try {
      return await call(either);
    } catch (error) {
      this.#throwIfLost();
      throw error;
    }
  }

  #throwIfLost(): void {
    if (this.#lost !== undefined) throw this.#lost;
  }

  async #request(body: RequestBody, signal?: AbortSignal): Promise<JsonValue> {
    this.#throwIfLost();
    this.#nextRequest += 1;
    const request = this.#nextRequest;
    const reply = new DeferredResult<JsonValue>();
    this.#requests.set(request, reply);
    this.#socket.send({ ...body, request });
    return reply.wait(signal);
  }

  #receive(message: BridgeMessage): void {
    switch (message.type) {
      case "hello":
        this.#hello.resolve(message.cluster);
        break;
      case "result": {
        this.#settle(message.id, (outcome) => {
          if (message.kind === "object") outcome.reject(notJson(message.value));
          else outcome.resolve(message.value);
        });
        break;
      }
      case "failed":
        this.#settle(message.id, (outcome) => {
          outcome.reject(new RayError(message.error));
        });
        break;
      case "event":
        for (const stream of this.#streams.get(message.run) ?? []) stream.push(message.event);
        break;
      case "reply": {
        const reply = this.#requests.get(message.request);
        this.#requests.delete(message.request);
        if (message.error !== undefined) reply?.reject(new RayError(message.error));
        else reply?.resolve(message.value ?? null);
        break;
      }
      case "lost":
        break;
    }
  }

  #settle(id: string, settle: (outcome: DeferredResult<JsonValue>) => void): void {
    const task = this.#tasks.get(id);
    if (task === undefined) return;
    this.#tasks.delete(id);
    // Events of the same batch come first: their readers get the rest of this turn of the event loop.
    if (this.#streams.has(task.run)) setImmediate(settle, task.outcome);
    else settle(task.outcome);
  }

  #lose(error: RayError): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    this.#hello.reject(error);
    for (const task of this.#tasks.values()) task.outcome.reject(error);
    for (const reply of this.#requests.values()) reply.reject(error);
    for (const streams of this.#streams.values()) for (const stream of streams) stream.end(error);
    this.#tasks.clear();
    this.#requests.clear();
    this.#streams.clear();
    this.#end.abort(error);
  }
}

function notJson(described: JsonValue): RayError {
  const type = (described as { readonly type: string }).type;
  const message = `The task returned a ${type}, which JSON cannot hold. It stays in Ray: pass the task's ref on.`;
  return new RayError({ code: "not-json", message, details: { type } });
}

async function* stopAtEnd<T>(stream: AsyncIterable<T>, stop: () => void): AsyncGenerator<T, void, undefined> {
  try {
    yield* stream;
  } finally {
    stop();
  }
}
