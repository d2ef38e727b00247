import { sparkError } from "./errors.ts";

/** A field of a struct, or a column of a table. */
export interface StructField {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
  /** JSON, if the column has metadata. */
  readonly metadata?: string;
}

/** The schema of a table, or a nested struct. */
export interface StructType {
  readonly kind: "struct";
  readonly fields: readonly StructField[];
}

/** Types without parameters; `timestamp` is an instant, `timestamp_ntz` a wall clock's time. */
export type SimpleTypeKind =
  | "void"
  | "boolean"
  | "tinyint"
  | "smallint"
  | "int"
  | "bigint"
  | "float"
  | "double"
  | "binary"
  | "date"
  | "timestamp"
  | "timestamp_ntz"
  | "calendar_interval"
  | "variant";

/** Fields that a year-month interval may begin and end with. */
export type YearMonthField = "year" | "month";

/** Fields that a day-time interval may begin and end with. */
export type DayTimeField = "day" | "hour" | "minute" | "second";

/** A type of Spark SQL; `kind` is its name in SQL. */
export type DataType =
  | { readonly kind: SimpleTypeKind }
  | { readonly kind: "string"; readonly collation?: string }
  | { readonly kind: "char" | "varchar"; readonly length: number }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "time"; readonly precision: number }
  | { readonly kind: "year_month_interval"; readonly start: YearMonthField; readonly end: YearMonthField }
  | { readonly kind: "day_time_interval"; readonly start: DayTimeField; readonly end: DayTimeField }
  | { readonly kind: "array"; readonly element: DataType; readonly containsNull: boolean }
  | {
      readonly kind: "map";
      readonly key: DataType;
      readonly value: DataType;
      readonly valueContainsNull: boolean;
    }
  | StructType
  /** A user-defined type: `name` its class, `sqlType` what it is stored as. */
  | { readonly kind: "udt"; readonly name: string; readonly sqlType?: DataType }
  | { readonly kind: "geometry" | "geography"; readonly srid: number }
  /** A type that only the server can read, e.g. DDL text. */
  | { readonly kind: "unparsed"; readonly text: string };

/** A type as Spark writes it in `DESCRIBE` and in DDL: `bigint`, `decimal(10,2)`, `array<struct<a:int>>`. */
export function describeType(type: DataType): string {
  switch (type.kind) {
    case "string":
      return type.collation === undefined ? "string" : `string collate ${type.collation}`;
    case "char":
    case "varchar":
      return `${type.kind}(${type.length})`;
    case "decimal":
      return `decimal(${type.precision},${type.scale})`;
    case "time":
      return `time(${type.precision})`;
    case "year_month_interval":
    case "day_time_interval":
      return `interval ${type.start}${type.end === type.start ? "" : ` to ${type.end}`}`;
    case "calendar_interval":
      return "interval";
    case "array":
      return `array<${describeType(type.element)}>`;
    case "map":
      return `map<${describeType(type.key)},${describeType(type.value)}>`;
    case "struct":
      return `struct<${type.fields.map((field) => `${fieldName(field.name)}:${describeType(field.type)}`).join(",")}>`;
    case "udt":
      return type.sqlType === undefined ? type.name : describeType(type.sqlType);
    case "geometry":
    case "geography":
      return `${type.kind}(${type.srid})`;
    case "unparsed":
      return type.text;
    default:
      return type.kind;
  }
}

/** A schema as DDL: `a bigint, b string not null`. */
export function describeFields(schema: StructType): string {
  return schema.fields
    .map(
      ({ name, type, nullable }) =>
        `\`${name.replaceAll("`", "``")}\` ${describeType(type)}${nullable ? "" : " not null"}`,
    )
    .join(", ");
}

function fieldName(name: string): string {
  return /^\w+$/.test(name) ? name : `\`${name.replaceAll("`", "``")}\``;
}

/**
 * Splits DDL such as `a int, b decimal(10,2) not null, c struct<x:int>` into columns; types are left to the server.
 *
 * @throws SparkConnectError `invalid-argument` when a column has no type
 */
export function parseFields(ddl: string): readonly { readonly name: string; readonly type: string }[] {
  return splitAtCommas(ddl).map((text) => {
    const match = /^\s*(?:`((?:[^`]|``)+)`|([^\s:`]+))(?:\s*:\s*|\s+)(.+?)(?:\s+not\s+null)?\s*$/is.exec(
      text,
    );
    const [, quoted, plain, type] = match ?? [];
    const name = quoted?.replaceAll("``", "`") ?? plain;
    if (name === undefined || type === undefined) {
      throw sparkError("invalid-argument", `"${text.trim()}" is no column: it is written "name type"`);
    }
    return { name, type };
  });
}

/** Splits at commas that stand in no brackets and no quotes. */
function splitAtCommas(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: token, index } of text.matchAll(/`(?:[^`]|``)*`|[<(,>)]/g)) {
    depth += token === "<" || token === "(" ? 1 : token === ">" || token === ")" ? -1 : 0;
    if (token === "," && depth === 0) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  return [...parts, text.slice(start)];
}
