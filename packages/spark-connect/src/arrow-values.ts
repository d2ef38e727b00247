import * as arrow from "apache-arrow";
import { registerArrowCodecs } from "./arrow-compression.ts";
import { sparkError } from "./errors.ts";
import { objectOf } from "./named-values.ts";
import { formatDecimal, formatTimeOfDay } from "./number-text.ts";
import { floorDivide, Timestamp } from "./timestamp.ts";
import type { Value } from "./value.ts";

registerArrowCodecs();

/** Reads the value at an index of a column; the index counts within one record batch. */
type ValueReader = (index: number) => Value;

const NANOSECONDS: Readonly<Record<arrow.TimeUnit, bigint>> = {
  [arrow.TimeUnit.SECOND]: 1_000_000_000n,
  [arrow.TimeUnit.MILLISECOND]: 1_000_000n,
  [arrow.TimeUnit.MICROSECOND]: 1_000n,
  [arrow.TimeUnit.NANOSECOND]: 1n,
};

const MILLISECONDS_PER_DAY = 86_400_000;

/**
 * Reads one whole Arrow IPC stream into rows of values, in the order of its columns; see {@link Value} for the mapping.
 *
 * @throws SparkConnectError `unsupported` for an Arrow type that Spark has no type for
 */
export function* readArrowRows(stream: Uint8Array): Generator<readonly Value[], void, undefined> {
  for (const batch of arrow.RecordBatchReader.from(stream)) {
    const readers = batch.data.children.map((child) => valueReader(child));
    for (let index = 0; index < batch.numRows; index += 1) {
      yield readers.map((read) => read(index));
    }
  }
}

function valueReader(data: arrow.Data): ValueReader {
  const read = plainReader(data);
  return data.nullCount === 0 ? read : (index) => (data.getValid(index) ? read(index) : null);
}

/** The reader for values that are not null. */
function plainReader(data: arrow.Data): ValueReader {
  const type: unknown = data.type;
  if (arrow.DataType.isTimestamp(type)) {
    const { timezone } = type;
    const microseconds = integerReader(data, NANOSECONDS[type.unit], 1_000n);
    return (index) => new Timestamp(microseconds(index), timezone ?? undefined);
  }
  if (arrow.DataType.isDate(type)) {
    const milliseconds = type.unit === arrow.DateUnit.DAY ? MILLISECONDS_PER_DAY : 1;
    const values = data.values as ArrayLike<number | bigint>;
    return (index) => new Date(Number(values[index]) * milliseconds);
  }
  if (arrow.DataType.isTime(type)) {
    const nanoseconds = integerReader(data, NANOSECONDS[type.unit], 1n);
    return (index) => formatTimeOfDay(nanoseconds(index));
  }
  if (arrow.DataType.isDuration(type)) {
    return integerReader(data, NANOSECONDS[type.unit], 1_000n);
  }
  if (arrow.DataType.isDecimal(type)) {
    return decimalReader(data, type);
  }
  if (arrow.DataType.isInterval(type)) {
    return intervalReader(data, type);
  }
  if (arrow.DataType.isList(type) || arrow.DataType.isLargeList(type)) {
    const element = valueReader(childOf(data, 0));
    return (index) => range(data, index, element);
  }
  if (arrow.DataType.isFixedSizeList(type)) {
    const element = valueReader(childOf(data, 0));
    const { listSize } = type;
    return (index) => Array.from({ length: listSize }, (_, offset) => element(index * listSize + offset));
  }
  if (arrow.DataType.isMap(type)) {
    const entries = childOf(data, 0);
    const key = valueReader(childOf(entries, 0));
    const value = valueReader(childOf(entries, 1));
    return (index) =>
      new Map(range(data, index, (entry): readonly [Value, Value] => [key(entry), value(entry)]));
  }
  if (arrow.DataType.isStruct(type)) {
    const names = type.children.map((field) => field.name);
    const readers = data.children.map((child) => valueReader(child));
    return (index) =>
      objectOf(
        names,
        readers.map((read) => read(index)),
      );
  }
  if (arrow.DataType.isNull(type)) {
    return () => null;
  }
  if (arrow.DataType.isUnion(type)) {
    throw sparkError(
      "unsupported",
      `a result holds the Arrow type ${String(type)}, which Spark SQL does not have`,
    );
  }
  // Booleans, numbers, texts, binaries and dictionaries: apache-arrow's own values are right for these.
  const vector = new arrow.Vector<arrow.DataType>([data]);
  return (index) => vector.get(index) as Value;
}

function childOf(data: arrow.Data, index: number): arrow.Data {
  const child = data.children[index];
  if (child === undefined) {
    throw sparkError("protocol-error", `a nested Arrow column has no child ${index}`);
  }
  return child;
}

/** Reads the elements of a list or a map. */
function range<T>(data: arrow.Data, index: number, element: (index: number) => T): T[] {
  const offsets = data.valueOffsets as unknown as ArrayLike<number | bigint>;
  const start = Number(offsets[index]);
  return Array.from({ length: Number(offsets[index + 1]) - start }, (_, offset) => element(start + offset));
}

/** Reads integers of any width as `value * factor / divisor`, rounded down. */
function integerReader(data: arrow.Data, factor: bigint, divisor: bigint): (index: number) => bigint {
  const values = data.values as ArrayLike<number | bigint>;
  return (index) => floorDivide(BigInt(values[index] ?? 0) * factor, divisor);
}

function decimalReader(data: arrow.Data, type: arrow.Decimal): ValueReader {
  const words = data.values as Uint32Array;
  const width = type.bitWidth / 32;
  return (index) => {
    let unscaled = 0n;
    for (let word = width - 1; word >= 0; word -= 1) {
      unscaled = (unscaled << 32n) | BigInt(words[index * width + word] ?? 0);
    }
    return formatDecimal(BigInt.asIntN(type.bitWidth, unscaled), type.scale);
  };
}

function intervalReader(data: arrow.Data, type: arrow.Interval): ValueReader {
  const values = data.values as Int32Array;
  const at = (index: number) => values[index] ?? 0;
  switch (type.unit) {
    case arrow.IntervalUnit.YEAR_MONTH:
      return at;
    case arrow.IntervalUnit.DAY_TIME:
      return (index) =>
        BigInt(at(2 * index)) * BigInt(MILLISECONDS_PER_DAY * 1_000) + BigInt(at(2 * index + 1)) * 1_000n;
    case arrow.IntervalUnit.MONTH_DAY_NANO:
      return (index) => {
        const nanoseconds = (BigInt(at(4 * index + 3)) << 32n) | BigInt(at(4 * index + 2) >>> 0);
        return {
          months: at(4 * index),
          days: at(4 * index + 1),
          microseconds: floorDivide(nanoseconds, 1_000n),
        };
      };
  }
}
