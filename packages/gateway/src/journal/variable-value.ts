import type { DriverQuestion } from "./driver-question.ts";
import { quoteString } from "./names.ts";

/** How values of a type are written as text and read again, without a loss. */
const FORMS: readonly {
  readonly type: RegExp;
  readonly text: (variable: string) => string;
  readonly value: (text: string, type: string) => string;
}[] = [
  {
    type: /^(?:tinyint|smallint|int|bigint|float|double|boolean|date|timestamp_ntz|time\(\d+\)|decimal\(\d+,\d+\))$/u,
    text: (variable) => `CAST(${variable} AS STRING)`,
    value: (text, type) => `CAST(${quoteString(text)} AS ${type})`,
  },
  {
    // As a text it would depend on the time zone.
    type: /^timestamp$/u,
    text: (variable) => `CAST(unix_micros(${variable}) AS STRING)`,
    value: (text) => `timestamp_micros(${text})`,
  },
  { type: /^string$/u, text: (variable) => variable, value: quoteString },
  {
    type: /^binary$/u,
    text: (variable) => `base64(${variable})`,
    value: (text) => `unbase64(${quoteString(text)})`,
  },
];

/** A session variable's value as an expression; undefined where its type has no literal that is sure to be the same. */
export async function valueSql(variable: string, ask: DriverQuestion): Promise<string | undefined> {
  const [typeRow] = await ask(`SELECT typeof(${variable})`);
  const type = typeRow?.[0] ?? "";
  const form = FORMS.find(({ type: matches }) => matches.test(type));
  if (form === undefined) return undefined;
  const [row] = await ask(`SELECT ${form.text(variable)}`);
  const text = row?.[0];
  if (text === undefined) return undefined;
  return text === null ? `CAST(NULL AS ${type})` : form.value(text, type);
}
