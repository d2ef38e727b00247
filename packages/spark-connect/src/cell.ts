import type { DataType } from "./data-type.ts";
import { formatDayTime, formatMonths } from "./number-text.ts";
import { Timestamp } from "./timestamp.ts";
import type { Value } from "./value.ts";

/** A value that JSON can hold and a person can read. */
export type JsonCell =
  string | number | boolean | null | readonly JsonCell[] | { readonly [key: string]: JsonCell };

/**
 * Makes a value JSON-safe: dates, timestamps, decimals and intervals as text, binaries as `0x…`, integers that a
 * JavaScript number cannot hold exactly, NaN and infinities as text, maps as objects with their keys as text.
 *
 * @param type - the value's type, from the schema of its table
 */
export function cellFromValue(value: Value, type: DataType): JsonCell {
  if (value === null || typeof value === "boolean" || typeof value === "string") {
    return value;
  }
  if (typeof value === "number") {
    return type.kind === "year_month_interval" ? formatMonths(value) : cellFromNumber(value);
  }
  if (typeof value === "bigint") {
    return type.kind === "day_time_interval" ? formatDayTime(value) : cellFromBigint(value);
  }
  if (value instanceof Date) {
    return dateText(value);
  }
  if (value instanceof Timestamp) {
    return value.toString();
  }
  if (value instanceof Uint8Array) {
    return `0x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}`;
  }
  return cellFromNested(value, type.kind === "udt" && type.sqlType !== undefined ? type.sqlType : type);
}

function cellFromNumber(value: number): JsonCell {
  return Number.isFinite(value) ? value : String(value);
}

function cellFromBigint(value: bigint): JsonCell {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

function dateText(date: Date): string {
  return date.toISOString().slice(0, date.toISOString().indexOf("T"));
}

const UNKNOWN: DataType = { kind: "void" };

function cellFromNested(
  value: readonly Value[] | ReadonlyMap<Value, Value> | Readonly<Record<string, Value>>,
  type: DataType,
): JsonCell {
  if (value instanceof Array) {
    const element = type.kind === "array" ? type.element : UNKNOWN;
    return value.map((item: Value) => cellFromValue(item, element));
  }
  if (value instanceof Map) {
    const [keyType, valueType] = type.kind === "map" ? [type.key, type.value] : [UNKNOWN, UNKNOWN];
    const entries = [...(value as ReadonlyMap<Value, Value>)];
    return Object.fromEntries(
      entries.map(([key, item]) => [keyText(cellFromValue(key, keyType)), cellFromValue(item, valueType)]),
    );
  }
  const types = new Map(type.kind === "struct" ? type.fields.map((field) => [field.name, field.type]) : []);
  return Object.fromEntries(
    Object.entries(value).map(([name, item]: readonly [string, Value]) => [
      name,
      cellFromValue(item, types.get(name) ?? UNKNOWN),
    ]),
  );
}

function keyText(key: JsonCell): string {
  return typeof key === "string" ? key : JSON.stringify(key);
}
