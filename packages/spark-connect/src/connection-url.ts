import { SparkConnectError } from "./errors.ts";

/** A Spark Connect address, taken apart. */
export interface ConnectionUrl {
  /** Host name or address; IPv6 addresses without brackets. */
  readonly host: string;
  readonly port: number;
  /** Whether the connection uses TLS. */
  readonly secure: boolean;
  /** Goes with every call as `authorization: Bearer …`. */
  readonly token?: string;
  readonly userId?: string;
  readonly userAgent?: string;
  /** An existing session to take part in; a UUID. */
  readonly sessionId?: string;
  /** All other parameters; they go with every call as gRPC metadata. */
  readonly headers: Readonly<Record<string, string>>;
}

const DEFAULT_PORT = 15002;
const LOOPBACK = new Set(["localhost", "127.0.0.1", "::1"]);

function invalid(url: string, detail: string): SparkConnectError {
  return new SparkConnectError(
    "invalid-connection-url",
    `"${withoutToken(url)}" is no Spark Connect address: ${detail}`,
  );
}

/** An address to be shown: its token, and what comes after it and may be a part of it, is left out. */
function withoutToken(url: string): string {
  return url.replace(/;token=.*$/isu, ";token=…");
}

/**
 * Takes a connection string apart: `sc://host:port/;key=value;…` as in Spark's "Connecting to a Spark Connect server".
 * Known keys are `use_ssl`, `token`, `user_id`, `user_agent` and `session_id`; any other becomes a header. The port
 * defaults to 15002. As in Spark's clients a token turns TLS on, save towards this machine itself.
 *
 * @throws SparkConnectError `invalid-connection-url`
 */
export function parseConnectionUrl(url: string): ConnectionUrl {
  if (!url.startsWith("sc://")) {
    throw invalid(url, "it must start with sc://, for example sc://localhost:15002");
  }
  const [authority = "", ...rest] = url.slice("sc://".length).split("/");
  const { host, port } = parseAuthority(url, authority);
  const parameters = parseParameters(url, rest.join("/"));
  const {
    use_ssl: useSsl,
    token,
    user_id: userId,
    user_agent: userAgent,
    session_id: sessionId,
  } = parameters as Partial<Record<string, string>>;
  if (sessionId !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(sessionId)) {
    throw invalid(url, "session_id must be a UUID");
  }
  const named = new Set(["use_ssl", "token", "user_id", "user_agent", "session_id"]);
  return {
    host,
    port,
    secure: useSsl === "true" || (token !== undefined && useSsl !== "false" && !LOOPBACK.has(host)),
    headers: Object.fromEntries(Object.entries(parameters).filter(([key]) => !named.has(key))),
    ...(token !== undefined && { token }),
    ...(userId !== undefined && { userId }),
    ...(userAgent !== undefined && { userAgent }),
    ...(sessionId !== undefined && { sessionId }),
  };
}

function parseAuthority(url: string, text: string): { host: string; port: number } {
  const match = /^(?:\[(?<ipv6>[^\]]+)\]|(?<name>[^:;?#\s]+))(?::(?<port>\d{1,5}))?$/.exec(text);
  const host = match?.groups?.ipv6 ?? match?.groups?.name;
  if (host === undefined) {
    throw invalid(url, "host and port are written host:port, parameters after /;");
  }
  const port = Number(match?.groups?.port ?? DEFAULT_PORT);
  if (port < 1 || port > 65_535) {
    throw invalid(url, "the port must lie between 1 and 65535");
  }
  return { host, port };
}

function parseParameters(url: string, path: string): Readonly<Record<string, string>> {
  if (path !== "" && !path.startsWith(";")) {
    throw invalid(url, "it must have no path; parameters come after /;");
  }
  const entries = path.split(";").filter((part) => part !== "");
  return Object.fromEntries(
    entries.map((part, index): [string, string] => {
      const separator = part.indexOf("=");
      if (separator < 1) {
        throw invalid(url, `the parameter number ${index + 1} must be key=value`);
      }
      const key = part.slice(0, separator);
      return [key, decodeParameter(url, key, part.slice(separator + 1))];
    }),
  );
}

function decodeParameter(url: string, key: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(url, `the value of ${key} is not percent-encoded correctly`);
  }
}
