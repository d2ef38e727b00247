const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * A moment with microseconds, which a `Date` cannot hold. With a time zone it is Spark's `timestamp`, an instant that
 * is shown in the session's time zone; without one it is `timestamp_ntz`, what a clock on some wall shows.
 */
export class Timestamp {
  /** Microseconds since 1970-01-01 00:00:00, in UTC for an instant, else on the wall clock. */
  readonly epochMicroseconds: bigint;
  /** The time zone to show an instant in, e.g. `Asia/Shanghai`; undefined for `timestamp_ntz`. */
  readonly timeZone: string | undefined;

  constructor(epochMicroseconds: bigint, timeZone?: string) {
    this.epochMicroseconds = epochMicroseconds;
    this.timeZone = timeZone;
  }

  /** The moment cut to milliseconds; a `timestamp_ntz` is taken as UTC. */
  toDate(): Date {
    return new Date(Number(floorDivide(this.epochMicroseconds, 1_000n)));
  }

  /** As Spark shows it: `2024-02-29 13:30:00.5`, without zeros at the end of the fraction. */
  toString(): string {
    const seconds = floorDivide(this.epochMicroseconds, 1_000_000n);
    const fraction = Number(this.epochMicroseconds - seconds * 1_000_000n);
    const digits = fraction === 0 ? "" : `.${String(fraction).padStart(6, "0").replace(/0+$/, "")}`;
    return `${clockText(new Date(Number(seconds) * 1_000), this.timeZone ?? "UTC")}${digits}`;
  }

  /** The text form, so that a row can be printed as JSON. */
  toJSON(): string {
    return this.toString();
  }
}

function clockText(date: Date, timeZone: string): string {
  if (timeZone === "UTC" || timeZone === "Etc/UTC" || timeZone === "Z") {
    return date.toISOString().slice(0, -5).replace("T", " ");
  }
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
    formats.set(timeZone, format);
  }
  return format.format(date);
}

/** Division that rounds down also below zero, as moments before 1970 need it. */
export function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}
