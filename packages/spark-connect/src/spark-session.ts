import { randomUUID } from "node:crypto";
import { userInfo } from "node:os";
import { ConnectError } from "@connectrpc/connect";
import { addArtifact } from "./artifacts.ts";
import { Catalog } from "./catalog.ts";
import { openChannel } from "./channel.ts";
import { SparkConnectClient } from "./client.ts";
import { parseConnectionUrl } from "./connection-url.ts";
import { DataFrameReader } from "./data-frame-reader.ts";
import { DataFrame } from "./data-frame.ts";
import type { CallOptions } from "./data-frame.ts";
import { ConnectionLostError, SparkConnectError, sparkError } from "./errors.ts";
import type { ExecutionOptions } from "./execution.ts";
import { ErrorInfoSchema } from "./generated/google/rpc/error_details_pb.js";
import { localRelation } from "./local-relation.ts";
import type { JsonRow } from "./arrow-inference.ts";
import type { StructType } from "./data-type.ts";
import { relation } from "./plan.ts";
import { CONNECT_RETRY_POLICY, DEFAULT_RETRY_POLICY } from "./retry.ts";
import type { RetryPolicy } from "./retry.ts";
import { SessionConfiguration } from "./session-configuration.ts";
import { SessionContext } from "./session-context.ts";
import { sqlArguments } from "./sql-literal.ts";
import type { SqlArguments } from "./sql-literal.ts";
import { registerFunction } from "./user-defined-function.ts";
import type { UserDefinedFunction } from "./user-defined-function.ts";

/** How to reach a server, and as whom. */
export interface ConnectOptions {
  /** `sc://host:port/;use_ssl=true;token=…;user_id=…;x-header=…` */
  readonly url: string;
  /**
   * Certificates of the authorities that are trusted, as PEM, instead of those that Node trusts. By default those of the
   * file that `GRPC_DEFAULT_SSL_ROOTS_FILE_PATH` names, if it is set, as in gRPC's own clients (PySpark's too).
   */
  readonly authorities?: string;
  /** Overrides `user_id` of the address; the user of this machine by default. */
  readonly userId?: string;
  /** A UUID; together with the user it names the session at the server. A new one by default. */
  readonly sessionId?: string;
  /** What the server's logs call this program. */
  readonly userAgent?: string;
  /** Ends the attempt to connect; it does not concern the session afterwards. */
  readonly signal?: AbortSignal;
  /** What to change of {@link DEFAULT_RETRY_POLICY}. */
  readonly retry?: Partial<RetryPolicy>;
}

/**
 * A session with Spark: its settings, temporary views and functions live until it is disposed, or until the server has
 * not heard of it for a time (Sail 15 minutes, Spark 60).
 */
export class SparkSession implements AsyncDisposable {
  readonly conf: SessionConfiguration;
  readonly catalog: Catalog;
  readonly #context: SessionContext;
  readonly #version: string;
  #closed: Promise<void> | undefined;

  private constructor(context: SessionContext, version: string) {
    this.#context = context;
    this.#version = version;
    this.conf = new SessionConfiguration(context);
    this.catalog = new Catalog(context);
  }

  /**
   * Opens a session. The first call is tried for some seconds, since the server may just be starting.
   *
   * @throws SparkConnectError `invalid-connection-url`, `invalid-argument` (the authorities cannot be read), `cannot-connect`, `unauthenticated`; or the signal's reason
   */
  static async connect(options: ConnectOptions): Promise<SparkSession> {
    const target = parseConnectionUrl(options.url);
    const identity = {
      userId: options.userId ?? target.userId ?? userInfo().username,
      sessionId: options.sessionId ?? target.sessionId ?? randomUUID(),
      userAgent: options.userAgent ?? target.userAgent ?? `duet node/${process.versions.node}`,
    };
    const retry = { ...DEFAULT_RETRY_POLICY, ...options.retry };
    const client = new SparkConnectClient(openChannel(target, options.authorities), identity, retry);
    try {
      const version = await fetchVersion(client, options.signal, {
        ...CONNECT_RETRY_POLICY,
        ...options.retry,
      });
      return new SparkSession(new SessionContext(client), version);
    } catch (error) {
      await client.close({ release: false });
      throw connectError(error, `${target.host}:${target.port}`);
    }
  }

  /** The session's id at the server, a UUID. */
  get sessionId(): string {
    return this.#context.client.identity.sessionId;
  }

  /** Spark's version; for Sail the version of Spark that it stands in for. */
  version(): Promise<string> {
    return Promise.resolve(this.#version);
  }

  /** The result of a query; nothing runs yet. Commands such as `create table` go to {@link execute}. */
  sql(query: string, args?: SqlArguments): DataFrame {
    return this.#frame(relation({ case: "sql", value: { query, ...sqlArguments(args) } }));
  }

  /**
   * Runs a SQL text at once, to its end: `create`, `insert`, `drop` … The result is what the command answers; for a
   * query it is the query, not run yet.
   */
  async execute(
    sql: string,
    options: ExecutionOptions & { readonly args?: SqlArguments } = {},
  ): Promise<DataFrame> {
    const query = relation({ case: "sql", value: { query: sql, ...sqlArguments(options.args) } });
    const command = { case: "sqlCommand" as const, value: { input: query } };
    const result = await this.#context.command(command, options, sql);
    if (result === undefined) {
      throw sparkError("protocol-error", "the server answered a SQL command without a result");
    }
    return this.#frame(result);
  }

  /** A table or view of the catalogue. */
  table(name: string): DataFrame {
    return this.read.table(name);
  }

  /**
   * Whole numbers from `start` to before `end`, in a column `id`. Say how many `partitions`: Sail computes with half
   * the speed otherwise.
   */
  range(
    start: number | bigint,
    end: number | bigint,
    step: number | bigint = 1,
    partitions?: number,
  ): DataFrame {
    const value = {
      start: BigInt(start),
      end: BigInt(end),
      step: BigInt(step),
      ...(partitions !== undefined && { numPartitions: partitions }),
    };
    return this.#frame(relation({ case: "range", value }));
  }

  /** Reads files and tables. */
  get read(): DataFrameReader {
    return new DataFrameReader(this.#context);
  }

  /**
   * A table from data at the client, which travels with every plan that uses it: for small data, 128 MB at most.
   *
   * @param data - one whole Arrow IPC stream, or rows; see {@link JsonRow} for the types that rows get
   * @param schema - casts the columns to these types and gives their order; needed for no rows at all
   */
  createDataFrame(data: Uint8Array | readonly JsonRow[], schema?: string | StructType): DataFrame {
    return this.#frame(localRelation(data, schema));
  }

  /** Marks all operations that start from now on, for {@link interruptTag}. A tag must not hold commas. */
  addTag(tag: string): void {
    if (tag === "" || tag.includes(",")) {
      throw sparkError("invalid-argument", `"${tag}" is no tag: a tag is not empty and holds no comma`);
    }
    this.#context.tags.add(tag);
  }

  /** Takes a tag back. */
  removeTag(tag: string): void {
    this.#context.tags.delete(tag);
  }

  /** Takes all tags back. */
  clearTags(): void {
    this.#context.tags.clear();
  }

  /** The tags that operations get now. */
  getTags(): ReadonlySet<string> {
    return new Set(this.#context.tags);
  }

  /** Interrupts all operations of the session; gives their ids. They reject with an OperationCancelledError. */
  interruptAll(options?: CallOptions): Promise<readonly string[]> {
    return this.#context.client.interrupt({ type: "all" }, options?.signal);
  }

  /** Interrupts the operations with a tag; gives their ids. */
  interruptTag(tag: string, options?: CallOptions): Promise<readonly string[]> {
    return this.#context.client.interrupt({ type: "tag", tag }, options?.signal);
  }

  /** Interrupts one operation; gives its id, or nothing if it has ended. */
  interruptOperation(operationId: string, options?: CallOptions): Promise<readonly string[]> {
    return this.#context.client.interrupt({ type: "operation", operationId }, options?.signal);
  }

  /** Sends a file to the session: `pyfiles/name.py`, `archives/name.zip`, `files/name`. Sail does not take any. */
  addArtifact(name: string, bytes: Uint8Array, options?: CallOptions): Promise<void> {
    return addArtifact(this.#context.client, name, bytes, options?.signal);
  }

  /** Makes a Python function callable in the session's SQL. */
  registerFunction(definition: UserDefinedFunction, options?: ExecutionOptions): Promise<void> {
    return registerFunction(this.#context, definition, options);
  }

  /** Ends the session at the server and closes the connection. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#context.client.close({ release: true });
    return this.#closed;
  }

  #frame(root: DataFrame["relation"]): DataFrame {
    return new DataFrame(this.#context, root);
  }
}

/** Says of a failed first call what it means for who wants to connect. */
function connectError(error: unknown, address: string): unknown {
  if (error instanceof ConnectionLostError && error.code === "connection-lost") {
    return sparkError("cannot-connect", `no Spark Connect server answers at ${address}; is it running?`, {
      cause: error,
    });
  }
  const isForeign =
    error instanceof SparkConnectError &&
    !(error.cause instanceof ConnectError && error.cause.findDetails(ErrorInfoSchema).length > 0);
  return isForeign && ["execution-error", "unsupported", "invalid-argument"].includes(error.code)
    ? sparkError(
        "cannot-connect",
        `what answers at ${address} is no Spark Connect server: ${error.rawMessage}`,
        {
          cause: error,
        },
      )
    : error;
}

async function fetchVersion(
  client: SparkConnectClient,
  signal: AbortSignal | undefined,
  retry: RetryPolicy,
): Promise<string> {
  const { result } = await client.call(
    signal,
    (options) =>
      client.service.analyzePlan(
        { ...client.requestBase(), analyze: { case: "sparkVersion", value: {} } },
        options,
      ),
    { retry },
  );
  if (result.case !== "sparkVersion") {
    throw sparkError("protocol-error", "the server answered without its version");
  }
  return result.value.version;
}
