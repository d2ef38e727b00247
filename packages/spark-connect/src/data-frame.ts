import { RecordBatchReader, Table } from "apache-arrow";
import { readArrowRows } from "./arrow-values.ts";
import { assembleArrowBatches } from "./arrow-batches.ts";
import type { ArrowBatch } from "./arrow-batches.ts";
import { DataFrameWriter } from "./data-frame-writer.ts";
import type { StructType } from "./data-type.ts";
import { sparkError } from "./errors.ts";
import type { ExecutionOptions } from "./execution.ts";
import { AnalyzePlanRequest_Explain_ExplainMode as WireExplainMode } from "./generated/spark/connect/base_pb.js";
import { Aggregate_GroupType as GroupType } from "./generated/spark/connect/relations_pb.js";
import type { Relation } from "./generated/spark/connect/relations_pb.js";
import { objectOf } from "./named-values.ts";
import { queryPlan, relation, sqlExpression, sqlTextOf } from "./plan.ts";
import type { RelationType } from "./plan.ts";
import type { SessionContext } from "./session-context.ts";
import type { Row, Value } from "./value.ts";
import { fromWireSchema } from "./wire-data-type.ts";

/** How much {@link DataFrame.explain} tells. */
export type ExplainMode = "simple" | "extended" | "codegen" | "cost" | "formatted";

/** A result by position, which also holds columns of the same name. */
export interface TableResult {
  readonly schema: StructType;
  readonly rows: readonly (readonly Value[])[];
}

/** Options of calls that do not run in Spark. */
export interface CallOptions {
  /** Ends the wait; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const EXPLAIN_MODES: Readonly<Record<ExplainMode, WireExplainMode>> = {
  simple: WireExplainMode.SIMPLE,
  extended: WireExplainMode.EXTENDED,
  codegen: WireExplainMode.CODEGEN,
  cost: WireExplainMode.COST,
  formatted: WireExplainMode.FORMATTED,
};

/**
 * A table that Spark computes when it is asked for: a plan, not data. Methods that give a DataFrame only add to the
 * plan; mistakes in it show when it is analysed or run.
 *
 * Methods that return promises reject with a {@link SparkConnectError}, or with the signal's reason.
 */
export class DataFrame {
  readonly relation: Relation;
  readonly #context: SessionContext;

  constructor(context: SessionContext, root: Relation) {
    this.#context = context;
    this.relation = root;
  }

  /** The result as a stream of Arrow data, undecoded. Memory stays flat: a slow reader holds Spark back. */
  arrowBatches(options?: ExecutionOptions): AsyncGenerator<ArrowBatch, void, undefined> {
    return assembleArrowBatches(this.#context.query(this.relation, options));
  }

  /** All rows by position, with the schema. */
  async collectTable(options?: ExecutionOptions): Promise<TableResult> {
    let schema: StructType | undefined;
    const responses = this.#context.query(this.relation, options);
    const rows: (readonly Value[])[] = [];
    const watched = (async function* () {
      for await (const response of responses) {
        schema ??= response.schema && fromWireSchema(response.schema);
        yield response;
      }
    })();
    for await (const { data } of assembleArrowBatches(watched)) {
      for (const row of readArrowRows(data)) {
        rows.push(row);
      }
    }
    return { schema: schema ?? (await this.schema(options)), rows };
  }

  /**
   * All rows by column name.
   *
   * @throws SparkConnectError `duplicate-column` when two columns have the same name
   */
  async collect(options?: ExecutionOptions): Promise<readonly Row[]> {
    const { schema, rows } = await this.collectTable(options);
    const names = schema.fields.map((field) => field.name);
    return rows.map((row) => objectOf(names, row));
  }

  /** The first rows by column name. */
  take(count: number, options?: ExecutionOptions): Promise<readonly Row[]> {
    return this.limit(count).collect(options);
  }

  /** The whole result as one table of the apache-arrow package; it has to fit into memory. */
  async toArrow(options?: ExecutionOptions): Promise<Table> {
    const batches = [];
    for await (const { data } of this.arrowBatches(options)) {
      batches.push(...RecordBatchReader.from(data));
    }
    return new Table(batches);
  }

  /** The number of rows. */
  async count(options?: ExecutionOptions): Promise<number> {
    const counted = this.#with({
      case: "aggregate",
      value: {
        input: this.relation,
        groupType: GroupType.GROUPBY,
        aggregateExpressions: [sqlExpression("count(1)")],
      },
    });
    const [row] = (await counted.collectTable(options)).rows;
    return Number(row?.[0]);
  }

  /** The columns with their types; analyses the plan without running it. */
  async schema(options?: CallOptions): Promise<StructType> {
    const { client } = this.#context;
    const { result } = await client.call(
      options?.signal,
      (call) =>
        client.service.analyzePlan(
          {
            ...client.requestBase(),
            analyze: { case: "schema", value: { plan: queryPlan(this.relation) } },
          },
          call,
        ),
      this.#sqlText(),
    );
    if (result.case !== "schema") {
      throw sparkError("protocol-error", "the server answered without a schema");
    }
    return fromWireSchema(result.value.schema);
  }

  /** The names of the columns. */
  async columns(options?: CallOptions): Promise<readonly string[]> {
    return (await this.schema(options)).fields.map((field) => field.name);
  }

  /** How Spark would compute it, as text for people. */
  async explain(mode: ExplainMode = "simple", options?: CallOptions): Promise<string> {
    const { client } = this.#context;
    const { result } = await client.call(
      options?.signal,
      (call) =>
        client.service.analyzePlan(
          {
            ...client.requestBase(),
            analyze: {
              case: "explain",
              value: { plan: queryPlan(this.relation), explainMode: EXPLAIN_MODES[mode] },
            },
          },
          call,
        ),
      this.#sqlText(),
    );
    if (result.case !== "explain") {
      throw sparkError("protocol-error", "the server answered without a plan");
    }
    return result.value.explainString;
  }

  /** At most the first `count` rows. */
  limit(count: number): DataFrame {
    return this.#with({ case: "limit", value: { input: this.relation, limit: count } });
  }

  /** The given expressions in SQL, e.g. `"a"`, `"a + 1 as b"`, `"*"`. */
  select(...expressions: readonly string[]): DataFrame {
    return this.#with({
      case: "project",
      value: { input: this.relation, expressions: expressions.map((text) => sqlExpression(text)) },
    });
  }

  /** The rows for which a condition in SQL holds. */
  where(condition: string): DataFrame {
    return this.#with({
      case: "filter",
      value: { input: this.relation, condition: sqlExpression(condition) },
    });
  }

  /** The same rows spread evenly over `partitions`; this decides how many files a write makes. */
  repartition(partitions: number): DataFrame {
    return this.#with({
      case: "repartition",
      value: { input: this.relation, numPartitions: partitions, shuffle: true },
    });
  }

  /** The same rows in at most `partitions`, put together without a shuffle. */
  coalesce(partitions: number): DataFrame {
    return this.#with({
      case: "repartition",
      value: { input: this.relation, numPartitions: partitions, shuffle: false },
    });
  }

  /** Names it within the session, in place of a view of that name. */
  async createOrReplaceTempView(name: string, options?: ExecutionOptions): Promise<void> {
    await this.#createView(name, { isGlobal: false, replace: true }, options);
  }

  /** Names it within the session; rejects when there is a view of that name. */
  async createTempView(name: string, options?: ExecutionOptions): Promise<void> {
    await this.#createView(name, { isGlobal: false, replace: false }, options);
  }

  /** Names it for all sessions, as `global_temp.name`; rejects when there is a view of that name. */
  async createGlobalTempView(name: string, options?: ExecutionOptions): Promise<void> {
    await this.#createView(name, { isGlobal: true, replace: false }, options);
  }

  /** Names it for all sessions, as `global_temp.name`, in place of a view of that name. */
  async createOrReplaceGlobalTempView(name: string, options?: ExecutionOptions): Promise<void> {
    await this.#createView(name, { isGlobal: true, replace: true }, options);
  }

  /** Writes it to files or a table. */
  get write(): DataFrameWriter {
    return new DataFrameWriter(this.#context, this.relation);
  }

  #with(relType: RelationType): DataFrame {
    return new DataFrame(this.#context, relation(relType));
  }

  #sqlText(): { sql?: string } {
    const sql = sqlTextOf(this.relation);
    return sql === undefined ? {} : { sql };
  }

  async #createView(
    name: string,
    kind: { isGlobal: boolean; replace: boolean },
    options?: ExecutionOptions,
  ): Promise<void> {
    await this.#context.command(
      { case: "createDataframeView", value: { input: this.relation, name, ...kind } },
      options,
      sqlTextOf(this.relation),
    );
  }
}
