import { parse, TomlError } from "smol-toml";
import { type BaseIssue, safeParse } from "valibot";
import { keyLine } from "../profiles/key-line.ts";
import { nearName } from "../profiles/parse-profiles.ts";
import { ConfigurationError } from "./configuration-error.ts";
import { type GatewayTable, gatewaySchema, knownKeys } from "./gateway-schema.ts";

/** A file of settings and its text. */
export interface ConfigurationFile {
  readonly path: string;
  readonly source: string;
}

/** A mistake in a file: where, and what. */
export interface Mistake {
  /** The setting, `gateway` not among it. */
  readonly key: readonly string[];
  readonly text: string;
}

/**
 * Reads the table `[gateway]` of a file; undefined when it has none.
 * @throws {ConfigurationError} `configuration-invalid` with all mistakes and their lines
 */
export function parseConfiguration(file: ConfigurationFile): GatewayTable | undefined {
  let content: Readonly<Record<string, unknown>>;
  try {
    content = parse(file.source);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = error.message] = error.message.replace(/^Invalid TOML document: /u, "").split("\n");
    throw new ConfigurationError("configuration-invalid", `${file.path} cannot be read`, [
      `${file.path}:${error.line}: this is no TOML: ${reason}`,
    ]);
  }
  const { gateway } = content;
  if (gateway === undefined) return undefined;
  const result = safeParse(gatewaySchema, gateway);
  if (result.success) return result.output;
  throw mistakesIn(file, result.issues.map(describe));
}

/** The error for mistakes in a file, in the order of its lines; one without a text stands for the command line. */
export function mistakesIn(file: ConfigurationFile, mistakes: readonly Mistake[]): ConfigurationError {
  const isFile = file.source !== "";
  const place = (line: number): string => (isFile ? `${file.path}:${line}: ` : "");
  const lines = mistakes
    .map(({ key, text }) => ({ line: keyLine(file.source, ["gateway", ...key]), key, text }))
    .toSorted((one, other) => one.line - other.line)
    .map(({ line, key, text }) => `${place(line)}${["gateway", ...key].join(".")} ${text}`);
  const number = lines.length === 1 ? "a mistake" : `${lines.length} mistakes`;
  return new ConfigurationError(
    "configuration-invalid",
    `${number} in ${isFile ? file.path : "the command line"}`,
    lines,
  );
}

function describe(issue: BaseIssue<unknown>): Mistake {
  const path = issue.path ?? [];
  const key = path.map((item) => String(item.key));
  if (issue.type === "strict_object" && issue.expected === "never") {
    const table = path.at(-1)?.input as { readonly kind?: unknown } | undefined;
    const known = knownKeys(key, table?.kind);
    const near = nearName(key.at(-1) ?? "", known);
    const hint = near === undefined ? `there are ${known.join(", ")}` : `did you mean \`${near}\`?`;
    return { key, text: `is no setting; ${hint}` };
  }
  if (issue.type === "strict_object" && issue.received === "undefined") return { key, text: "is missing" };
  if (issue.type === "strict_object" || issue.type === "object") return { key, text: "is no table" };
  if (issue.type === "variant" && issue.received === "undefined") return { key, text: "is missing" };
  return { key, text: issue.message };
}
