import * as arrow from "apache-arrow";
import { sparkError } from "./errors.ts";

/**
 * A value of a row for {@link SparkSession.createDataFrame}. Whole numbers and bigints become `bigint`, other numbers
 * `double`, a `Date` a `timestamp`, arrays `array`, objects `struct`.
 */
export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | readonly JsonValue[]
  | { readonly [field: string]: JsonValue };

/** A row by column name; a column that is missing is null. */
export type JsonRow = Readonly<Record<string, JsonValue>>;

type JsonStruct = Readonly<Record<string, JsonValue>>;

type Shape = "boolean" | "integer" | "double" | "string" | "date" | "binary" | "array" | "struct";

function shapeOf(value: Exclude<JsonValue, null>): Shape {
  switch (typeof value) {
    case "boolean":
    case "string":
      return typeof value as "boolean" | "string";
    case "bigint":
      return "integer";
    case "number":
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? "integer" : "double";
    default:
      if (value instanceof Date) {
        return "date";
      }
      if (value instanceof Uint8Array) {
        return "binary";
      }
      return value instanceof Array ? "array" : "struct";
  }
}

/**
 * The narrowest Arrow type that holds all of a column's values; the null type if all are null.
 *
 * @throws SparkConnectError `invalid-argument` when there is none
 */
export function inferArrowType(values: readonly JsonValue[], column: string): arrow.DataType {
  const present = values.filter((value) => value !== null);
  const shapes = new Set(present.map((value) => shapeOf(value)));
  if (shapes.has("double")) {
    shapes.delete("integer");
  }
  const [shape, other] = [...shapes];
  if (shape !== undefined && other !== undefined) {
    throw sparkError("invalid-argument", `the column "${column}" holds both ${shape} and ${other} values`);
  }
  return shape === undefined ? new arrow.Null() : typeOfShape(shape, present, column);
}

function typeOfShape(shape: Shape, values: readonly JsonValue[], column: string): arrow.DataType {
  switch (shape) {
    case "boolean":
      return new arrow.Bool();
    case "integer":
      return new arrow.Int64();
    case "double":
      return new arrow.Float64();
    case "string":
      return new arrow.Utf8();
    case "date":
      return new arrow.TimestampMicrosecond("UTC");
    case "binary":
      return new arrow.Binary();
    case "array": {
      const elements = (values as readonly (readonly JsonValue[])[]).flat() as readonly JsonValue[];
      return new arrow.List(new arrow.Field("element", inferArrowType(elements, `${column}[]`), true));
    }
    case "struct":
      return inferStruct(values as readonly JsonStruct[], column);
  }
}

function inferStruct(values: readonly JsonStruct[], column: string): arrow.Struct {
  const names = [...new Set(values.flatMap((value) => Object.keys(value)))];
  return new arrow.Struct(
    names.map((name) => {
      const fieldValues = values.map((value) => value[name] ?? null);
      return new arrow.Field(name, inferArrowType(fieldValues, `${column}.${name}`), true);
    }),
  );
}

/** The form of a value that apache-arrow's builder of the type wants. */
export function convertTo(type: arrow.DataType, value: JsonValue): unknown {
  if (value === null) {
    return null;
  }
  const kind: unknown = type;
  if (arrow.DataType.isInt(kind)) {
    return BigInt(value as number | bigint);
  }
  if (arrow.DataType.isFloat(kind)) {
    return Number(value);
  }
  if (arrow.DataType.isList(kind)) {
    const element = kind.valueType as arrow.DataType;
    return (value as readonly JsonValue[]).map((item) => convertTo(element, item));
  }
  if (arrow.DataType.isStruct(kind)) {
    const fields = kind.children as readonly arrow.Field<arrow.DataType>[];
    const struct = value as JsonStruct;
    return Object.fromEntries(
      fields.map((field: arrow.Field<arrow.DataType>) => [
        field.name,
        convertTo(field.type, struct[field.name] ?? null),
      ]),
    );
  }
  return value;
}
