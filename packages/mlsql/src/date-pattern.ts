const two = (value: number): string => String(value).padStart(2, "0");

/** Java's pattern letters that Duet knows, each with its value; a longer run of a letter pads with zeros. */
const LETTERS: Readonly<Record<string, (date: Date, run: number) => string>> = {
  y: (date, run) =>
    run === 2 ? two(date.getFullYear() % 100) : String(date.getFullYear()).padStart(run, "0"),
  M: (date, run) => String(date.getMonth() + 1).padStart(run, "0"),
  d: (date, run) => String(date.getDate()).padStart(run, "0"),
  H: (date, run) => String(date.getHours()).padStart(run, "0"),
  h: (date, run) => String(date.getHours() % 12 || 12).padStart(run, "0"),
  m: (date, run) => String(date.getMinutes()).padStart(run, "0"),
  s: (date, run) => String(date.getSeconds()).padStart(run, "0"),
  S: (date, run) => String(date.getMilliseconds()).padStart(3, "0").slice(0, run).padEnd(run, "0"),
};

/**
 * A local date in a pattern of Java's DateTimeFormatter, such as `yyyyMMdd` or `yyyy-MM-dd'T'HH:mm`. Undefined
 * where the pattern has a letter other than y, M, d, H, h, m, s, S.
 */
export function formatDate(date: Date, pattern: string): string | undefined {
  let text = "";
  for (const [part] of pattern.matchAll(/'[^']*'|([A-Za-z])\1*|[^A-Za-z']+|'/g)) {
    const letter = part[0] ?? "";
    if (letter === "'") text += part === "''" ? "'" : part.replaceAll("'", "");
    else if (!/[A-Za-z]/.test(letter)) text += part;
    else {
      const value = LETTERS[letter]?.(date, part.length);
      if (value === undefined) return undefined;
      text += value;
    }
  }
  return text;
}

/** A day counted from `now` in local time, as yyyy-MM-dd. */
export function dayFrom(now: Date, days: number): string {
  return formatDate(new Date(now.getFullYear(), now.getMonth(), now.getDate() + days), "yyyy-MM-dd") ?? "";
}
