import type { Timestamp } from "./timestamp.ts";

/**
 * A value of Spark SQL in JavaScript:
 *
 * | Spark SQL | JavaScript |
 * |---|---|
 * | any null | `null` |
 * | `boolean` | `boolean` |
 * | `tinyint`, `smallint`, `int`, `float`, `double` | `number`, NaN and infinities included |
 * | `bigint` | `bigint` |
 * | `decimal` | `string`, all digits, e.g. `"12.30"` |
 * | `string`, `char`, `varchar` | `string` |
 * | `binary` | `Uint8Array` |
 * | `date` | `Date`, midnight UTC |
 * | `timestamp`, `timestamp_ntz` | {@link Timestamp}, with microseconds |
 * | `time` | `string`, e.g. `"13:30:00.5"` |
 * | `interval year to month` | `number` of months |
 * | `interval day to second` | `bigint` of microseconds |
 * | `interval` (calendar) | `{ months: number, days: number, microseconds: bigint }` |
 * | `array` | array |
 * | `map` | `Map` |
 * | `struct` | object |
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Timestamp
  | Uint8Array
  | readonly Value[]
  | ReadonlyMap<Value, Value>
  | { readonly [field: string]: Value };

/** A row of a result by column name. */
export type Row = Readonly<Record<string, Value>>;
