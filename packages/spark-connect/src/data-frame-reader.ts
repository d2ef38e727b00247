import { DataFrame } from "./data-frame.ts";
import { describeFields } from "./data-type.ts";
import type { StructType } from "./data-type.ts";
import { relation } from "./plan.ts";
import type { SessionContext } from "./session-context.ts";

/** Everything that a read may be told. */
interface ReadSettings {
  readonly format?: string;
  readonly schema?: string;
  readonly options: Readonly<Record<string, string>>;
}

/**
 * Says how data is read, then gives it as a DataFrame. Each method but the last gives a new reader. Formats and options
 * are Spark's own, e.g. `.format("csv").option("header", true)`.
 */
export class DataFrameReader {
  readonly #context: SessionContext;
  readonly #settings: ReadSettings;

  constructor(context: SessionContext, settings: ReadSettings = { options: {} }) {
    this.#context = context;
    this.#settings = settings;
  }

  /** The data source, e.g. `parquet` (the default), `csv`, `json`, `text`, `delta`. */
  format(format: string): DataFrameReader {
    return this.#with({ format });
  }

  /** Sets an option of the data source. */
  option(name: string, value: string | number | boolean): DataFrameReader {
    return this.options({ [name]: value });
  }

  /** Sets options of the data source. */
  options(options: Readonly<Record<string, string | number | boolean>>): DataFrameReader {
    const texts = Object.entries(options).map(([name, value]) => [name, String(value)] as const);
    return this.#with({ options: { ...this.#settings.options, ...Object.fromEntries(texts) } });
  }

  /** The columns of the data, as DDL (`a int, b string`) or as a type, in place of what Spark would find out. */
  schema(schema: string | StructType): DataFrameReader {
    return this.#with({ schema: typeof schema === "string" ? schema : describeFields(schema) });
  }

  /** Reads from paths; sources without files take none. */
  load(paths: string | readonly string[] = []): DataFrame {
    const { format, schema, options } = this.#settings;
    const value = {
      paths: typeof paths === "string" ? [paths] : [...paths],
      options: { ...options },
      ...(format !== undefined && { format }),
      ...(schema !== undefined && { schema }),
    };
    const readType = { case: "dataSource" as const, value };
    return new DataFrame(this.#context, relation({ case: "read", value: { readType } }));
  }

  /** Reads parquet files. */
  parquet(...paths: readonly string[]): DataFrame {
    return this.format("parquet").load(paths);
  }

  /** Reads files with one JSON object a line. */
  json(...paths: readonly string[]): DataFrame {
    return this.format("json").load(paths);
  }

  /** Reads CSV files. */
  csv(...paths: readonly string[]): DataFrame {
    return this.format("csv").load(paths);
  }

  /** Reads text files: one row a line, one column `value`. */
  text(...paths: readonly string[]): DataFrame {
    return this.format("text").load(paths);
  }

  /** Reads a table or view of the catalogue. */
  table(name: string): DataFrame {
    const value = { unparsedIdentifier: name, options: { ...this.#settings.options } };
    const readType = { case: "namedTable" as const, value };
    return new DataFrame(this.#context, relation({ case: "read", value: { readType } }));
  }

  #with(changes: Partial<ReadSettings>): DataFrameReader {
    return new DataFrameReader(this.#context, { ...this.#settings, ...changes });
  }
}
