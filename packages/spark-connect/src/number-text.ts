/** Writes a decimal with all digits of its scale: (12345n, 2) is `123.45`. */
export function formatDecimal(unscaled: bigint, scale: number): string {
  if (scale <= 0) {
    return String(unscaled * 10n ** BigInt(-scale));
  }
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Writes nanoseconds since midnight as `13:30:00.5`, without zeros at the end of the fraction. */
export function formatTimeOfDay(nanoseconds: bigint): string {
  const seconds = Number(nanoseconds / 1_000_000_000n);
  const fraction = String(nanoseconds % 1_000_000_000n)
    .padStart(9, "0")
    .replace(/0+$/, "");
  const clock = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
  return fraction === "" ? clock : `${clock}.${fraction}`;
}

/** Writes months as Spark's `INTERVAL` literals have them: 14 is `1-2`. */
export function formatMonths(months: number): string {
  const sign = months < 0 ? "-" : "";
  return `${sign}${Math.floor(Math.abs(months) / 12)}-${Math.abs(months) % 12}`;
}

/** Writes microseconds as Spark's `INTERVAL` literals have them: `1 02:03:04.5`, days first. */
export function formatDayTime(microseconds: bigint): string {
  const positive = microseconds < 0n ? -microseconds : microseconds;
  const day = 86_400_000_000n;
  return `${microseconds < 0n ? "-" : ""}${positive / day} ${formatTimeOfDay((positive % day) * 1_000n)}`;
}
