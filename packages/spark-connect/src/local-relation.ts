import { create } from "@bufbuild/protobuf";
import { Field, Schema, Table, tableToIPC, vectorFromArray } from "apache-arrow";
import { convertTo, inferArrowType } from "./arrow-inference.ts";
import type { JsonRow } from "./arrow-inference.ts";
import { describeType, parseFields } from "./data-type.ts";
import type { StructType } from "./data-type.ts";
import { sparkError } from "./errors.ts";
import { ExpressionSchema } from "./generated/spark/connect/expressions_pb.js";
import type { Expression } from "./generated/spark/connect/expressions_pb.js";
import type { Relation } from "./generated/spark/connect/relations_pb.js";
import { relation } from "./plan.ts";

/**
 * A relation that carries its rows: an Arrow IPC stream as it stands, or rows that are made into one. With a schema
 * the server casts the columns to it.
 *
 * @throws SparkConnectError `invalid-argument` for rows without a common type, and for no rows without a schema
 */
export function localRelation(data: Uint8Array | readonly JsonRow[], schema?: string | StructType): Relation {
  const fields = schema === undefined ? undefined : fieldsOf(schema);
  const ipc =
    data instanceof Uint8Array
      ? data
      : encodeRows(
          data,
          fields?.map((field) => field.name),
        );
  const local = relation({ case: "localRelation", value: { data: ipc } });
  return fields === undefined
    ? local
    : relation({ case: "project", value: { input: local, expressions: fields.map(castField) } });
}

/** A column of the wanted schema; `type` is DDL. */
interface NamedType {
  readonly name: string;
  readonly type: string;
}

function fieldsOf(schema: string | StructType): readonly NamedType[] {
  return typeof schema === "string"
    ? parseFields(schema)
    : schema.fields.map(({ name, type }) => ({ name, type: describeType(type) }));
}

function castField({ name, type }: NamedType): Expression {
  const unparsedIdentifier = `\`${name.replaceAll("`", "``")}\``;
  const column = { exprType: { case: "unresolvedAttribute" as const, value: { unparsedIdentifier } } };
  const cast = { expr: column, castToType: { case: "typeStr" as const, value: type } };
  const expr = { exprType: { case: "cast" as const, value: cast } };
  return create(ExpressionSchema, { exprType: { case: "alias", value: { expr, name: [name] } } });
}

function encodeRows(rows: readonly JsonRow[], wanted: readonly string[] | undefined): Uint8Array {
  const names = wanted ?? [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (names.length === 0) {
    throw sparkError("invalid-argument", "a table needs columns: give at least one row, or a schema");
  }
  const columns = names.map((name) => {
    const values = rows.map((row) => row[name] ?? null);
    const type = inferArrowType(values, name);
    return [
      name,
      vectorFromArray(
        values.map((value) => convertTo(type, value)),
        type,
      ),
    ] as const;
  });
  // Left to itself, Arrow declares a column of nulls alone as not nullable, which servers refuse.
  const schema = new Schema(columns.map(([name, vector]) => new Field(name, vector.type, true)));
  return tableToIPC(new Table(schema, Object.fromEntries(columns)), "stream");
}
