import type { ExecutionOptions } from "./execution.ts";
import {
  WriteOperation_SaveMode as WireSaveMode,
  WriteOperation_SaveTable_TableSaveMethod as TableSaveMethod,
} from "./generated/spark/connect/commands_pb.js";
import type { Relation } from "./generated/spark/connect/relations_pb.js";
import { sqlTextOf } from "./plan.ts";
import type { CommandType } from "./plan.ts";
import type { SessionContext } from "./session-context.ts";

/** What a write does when there is data already. */
export type SaveMode = "append" | "overwrite" | "errorifexists" | "ignore";

const SAVE_MODES: Readonly<Record<SaveMode, WireSaveMode>> = {
  append: WireSaveMode.APPEND,
  overwrite: WireSaveMode.OVERWRITE,
  errorifexists: WireSaveMode.ERROR_IF_EXISTS,
  ignore: WireSaveMode.IGNORE,
};

/** Everything that a write may be told. */
interface WriteSettings {
  readonly source?: string;
  readonly mode: SaveMode;
  readonly options: Readonly<Record<string, string>>;
  readonly partitioningColumns: readonly string[];
  readonly sortColumnNames: readonly string[];
  readonly bucketBy?: { readonly numBuckets: number; readonly bucketColumnNames: readonly string[] };
}

const NOTHING_SET: WriteSettings = {
  mode: "errorifexists",
  options: {},
  partitioningColumns: [],
  sortColumnNames: [],
};

/**
 * Says how a table is written, then writes it. Each method but the last gives a new writer. Formats and options are
 * Spark's own, e.g. `.format("csv").option("header", true)`.
 */
export class DataFrameWriter {
  readonly #context: SessionContext;
  readonly #input: Relation;
  readonly #settings: WriteSettings;

  constructor(context: SessionContext, input: Relation, settings: WriteSettings = NOTHING_SET) {
    this.#context = context;
    this.#input = input;
    this.#settings = settings;
  }

  /** The data source, e.g. `parquet` (the default), `csv`, `json`, `delta`. */
  format(source: string): DataFrameWriter {
    return this.#with({ source });
  }

  /** What to do when there is data already; `errorifexists` by default. */
  mode(mode: SaveMode): DataFrameWriter {
    return this.#with({ mode });
  }

  /** Sets an option of the data source. */
  option(name: string, value: string | number | boolean): DataFrameWriter {
    return this.options({ [name]: value });
  }

  /** Sets options of the data source. */
  options(options: Readonly<Record<string, string | number | boolean>>): DataFrameWriter {
    const texts = Object.entries(options).map(([name, value]) => [name, String(value)] as const);
    return this.#with({ options: { ...this.#settings.options, ...Object.fromEntries(texts) } });
  }

  /** One folder for each value of these columns. */
  partitionBy(...columns: readonly string[]): DataFrameWriter {
    return this.#with({ partitioningColumns: columns });
  }

  /** A fixed number of files by hash of these columns; only with `saveAsTable`. */
  bucketBy(buckets: number, ...columns: readonly string[]): DataFrameWriter {
    return this.#with({ bucketBy: { numBuckets: buckets, bucketColumnNames: columns } });
  }

  /** The order within each bucket. */
  sortBy(...columns: readonly string[]): DataFrameWriter {
    return this.#with({ sortColumnNames: columns });
  }

  /** Writes files below a path. Sources without files take none. */
  async save(path?: string, options?: ExecutionOptions): Promise<void> {
    await this.#write(path === undefined ? { case: undefined } : { case: "path", value: path }, options);
  }

  /** Writes a table of the catalogue, which is made if it is not there. */
  async saveAsTable(tableName: string, options?: ExecutionOptions): Promise<void> {
    const saveMethod = TableSaveMethod.SAVE_AS_TABLE;
    await this.#write({ case: "table", value: { tableName, saveMethod } }, options);
  }

  /** Adds to a table of the catalogue, column by column in their order; with mode `overwrite` in place of its rows. */
  async insertInto(tableName: string, options?: ExecutionOptions): Promise<void> {
    const saveMethod = TableSaveMethod.INSERT_INTO;
    await this.#write({ case: "table", value: { tableName, saveMethod } }, options);
  }

  #with(changes: Partial<WriteSettings>): DataFrameWriter {
    return new DataFrameWriter(this.#context, this.#input, { ...this.#settings, ...changes });
  }

  async #write(saveType: SaveType, options: ExecutionOptions | undefined): Promise<void> {
    const { source, mode, partitioningColumns, sortColumnNames, bucketBy, ...rest } = this.#settings;
    await this.#context.command(
      {
        case: "writeOperation",
        value: {
          input: this.#input,
          saveType,
          mode: SAVE_MODES[mode],
          options: { ...rest.options },
          partitioningColumns: [...partitioningColumns],
          sortColumnNames: [...sortColumnNames],
          ...(source !== undefined && { source }),
          ...(bucketBy !== undefined && {
            bucketBy: { ...bucketBy, bucketColumnNames: [...bucketBy.bucketColumnNames] },
          }),
        },
      },
      options,
      sqlTextOf(this.#input),
    );
  }
}

type SaveType = NonNullable<
  (Extract<CommandType, { case: "writeOperation" }>["value"] & { $typeName?: undefined })["saveType"]
>;
