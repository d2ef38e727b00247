import type { JsonValue, ObjectRef } from "@duet/ray";

/** A table that Spark has handed over to Ray: an object in Ray's memory, or parquet files that both can reach. */
export type HandedTable =
  | {
      readonly kind: "object";
      readonly ref: ObjectRef;
      readonly rows: number;
      /** Of the table in memory. */
      readonly bytes: number;
    }
  | {
      readonly kind: "files";
      /** The folder of the files. */
      readonly path: string;
      /** An Arrow IPC stream without rows, as base64: the columns with the types of Spark's own Arrow results. */
      readonly schema: string;
      readonly rows: number;
      /** Of the files. */
      readonly bytes: number;
    };

/** What a Ray task takes as its argument for the table: `duet.table_reader` reads files, a ref arrives as the table. */
export function handedArgument(table: HandedTable): ObjectRef | JsonValue {
  return table.kind === "object" ? table.ref : { path: table.path, schema: table.schema };
}
