import type { DataType, DayTimeField, StructType, YearMonthField } from "./data-type.ts";
import { sparkError } from "./errors.ts";
import type { DataType as WireDataType } from "./generated/spark/connect/types_pb.js";

const YEAR_MONTH: readonly YearMonthField[] = ["year", "month"];
const DAY_TIME: readonly DayTimeField[] = ["day", "hour", "minute", "second"];

/** Reads a type from its wire form (`spark.connect.DataType`). */
export function fromWireDataType(type: WireDataType | undefined): DataType {
  const { case: kind, value } = type?.kind ?? { case: undefined, value: undefined };
  switch (kind) {
    case "null":
      return { kind: "void" };
    case "byte":
      return { kind: "tinyint" };
    case "short":
      return { kind: "smallint" };
    case "integer":
      return { kind: "int" };
    case "long":
      return { kind: "bigint" };
    case "boolean":
    case "float":
    case "double":
    case "binary":
    case "date":
    case "timestamp":
    case "variant":
      return { kind };
    case "timestampNtz":
      return { kind: "timestamp_ntz" };
    case "calendarInterval":
      return { kind: "calendar_interval" };
    case "decimal":
      return { kind, precision: value.precision ?? 10, scale: value.scale ?? 0 };
    case "string":
      return value.collation === "" || value.collation === "UTF8_BINARY"
        ? { kind }
        : { kind, collation: value.collation };
    case "char":
      return { kind, length: value.length };
    case "varChar":
      return { kind: "varchar", length: value.length };
    case "time":
      return { kind, precision: value.precision ?? 6 };
    case "yearMonthInterval":
      return {
        kind: "year_month_interval",
        start: YEAR_MONTH[value.startField ?? 0] ?? "year",
        end: YEAR_MONTH[value.endField ?? 1] ?? "month",
      };
    case "dayTimeInterval":
      return {
        kind: "day_time_interval",
        start: DAY_TIME[value.startField ?? 0] ?? "day",
        end: DAY_TIME[value.endField ?? 3] ?? "second",
      };
    case "array":
      return { kind, element: fromWireDataType(value.elementType), containsNull: value.containsNull };
    case "map":
      return {
        kind,
        key: fromWireDataType(value.keyType),
        value: fromWireDataType(value.valueType),
        valueContainsNull: value.valueContainsNull,
      };
    case "struct":
      return {
        kind,
        fields: value.fields.map((field) => ({
          name: field.name,
          type: fromWireDataType(field.dataType),
          nullable: field.nullable,
          ...(field.metadata !== undefined && { metadata: field.metadata }),
        })),
      };
    case "udt":
      return {
        kind,
        name: value.jvmClass ?? value.pythonClass ?? value.type,
        ...(value.sqlType !== undefined && { sqlType: fromWireDataType(value.sqlType) }),
      };
    case "geometry":
    case "geography":
      return { kind, srid: value.srid };
    case "unparsed":
      return { kind, text: value.dataTypeString };
    case undefined:
      throw sparkError("protocol-error", "the server sent a type that this client does not know");
  }
}

/** Reads a table's schema from its wire form. */
export function fromWireSchema(type: WireDataType | undefined): StructType {
  const schema = fromWireDataType(type);
  if (schema.kind !== "struct") {
    throw sparkError("protocol-error", `the server sent a schema that is no struct but ${schema.kind}`);
  }
  return schema;
}
