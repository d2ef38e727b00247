const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** What {@link parseDuration} takes, for messages. */
export const DURATION = "a duration like 500ms, 30s, 10min, 1h or 7d";

/** What {@link parseSize} takes, for messages. */
export const SIZE = "a size like 64MiB or 8GB";

/** What {@link parseAddress} takes, for messages. */
export const ADDRESS = "an address like 127.0.0.1:15002, [::1]:15002 or host.example:15002";

/** Reads a duration; gives milliseconds, undefined when it is none. */
export const parseDuration = (text: string): number | undefined => parseAmount(text, DURATION_UNITS);

/** Reads a size; gives bytes, undefined when it is none. */
export const parseSize = (text: string): number | undefined => parseAmount(text, SIZE_UNITS);

/** An address of TCP. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Reads `host:port`, with an IPv6 address in brackets; undefined when it is none. Port 0 is any free one. */
export function parseAddress(text: string): HostPort | undefined {
  const [, bracketed, name, digits] = /^(?:\[([0-9a-f:.]+)\]|([^\s:/[\]]+)):(\d{1,5})$/iu.exec(text) ?? [];
  const host = bracketed ?? name;
  const port = Number(digits);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

function parseAmount(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/u.exec(text.trim()) ?? [];
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  return digits === undefined || factor === undefined ? undefined : Math.round(Number(digits) * factor);
}
