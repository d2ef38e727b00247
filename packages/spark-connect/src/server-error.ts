import { Code, ConnectError } from "@connectrpc/connect";
import { sparkError } from "./errors.ts";
import type { QueryContext, SparkErrorCode, SparkErrorDetails, SparkConnectError } from "./errors.ts";
import { ErrorInfoSchema } from "./generated/google/rpc/error_details_pb.js";
import type { ErrorInfo } from "./generated/google/rpc/error_details_pb.js";
import { FetchErrorDetailsResponse_QueryContext_ContextType as ContextType } from "./generated/spark/connect/base_pb.js";
import type {
  FetchErrorDetailsResponse,
  FetchErrorDetailsResponse_Error as ServerError,
} from "./generated/spark/connect/base_pb.js";
import { isConnectionFailure, tlsFailure } from "./retry.ts";
import { findSqlPosition } from "./sql-position.ts";

/** Asks the server for the whole of an error; undefined if it has no more to tell. */
export type FetchErrorDetails = (errorId: string) => Promise<FetchErrorDetailsResponse | undefined>;

/**
 * Turns what a call threw into a {@link SparkConnectError}, with everything that the server tells about it: the
 * `google.rpc.ErrorInfo` of the answer, and where it names an `errorId`, Spark's FetchErrorDetails.
 *
 * @param sql - the statement, to give the mistake's line and column
 */
export async function toSparkError(
  thrown: unknown,
  fetchDetails: FetchErrorDetails,
  sql?: string,
): Promise<unknown> {
  if (!(thrown instanceof ConnectError)) {
    return thrown;
  }
  const info = thrown.findDetails(ErrorInfoSchema)[0];
  // These are about who calls, not about what: whoever says so, the status says it all.
  if (info === undefined || thrown.code === Code.Unauthenticated || thrown.code === Code.PermissionDenied) {
    return transportError(thrown);
  }
  if (info.domain === GATEWAY && thrown.code === Code.ResourceExhausted) {
    return sparkError("limit-reached", thrown.rawMessage, { cause: thrown });
  }
  const errorId = info.metadata.errorId;
  const response = errorId === undefined ? undefined : await fetchDetails(errorId);
  const root = response?.errors[response.rootErrorIdx ?? 0];
  const { text, plan } = splitPlan(withoutStack((root?.message ?? thrown.rawMessage).trim()));
  const errorClass = info.metadata.errorClass ?? root?.sparkThrowable?.errorClass ?? bracketedClass(text);
  const serverClasses = root?.errorTypeHierarchy ?? serverClassesOf(info);
  const position = findSqlPosition(text, sql);
  const code = codeOf(errorClass ?? "", serverClasses, text);
  const sqlState =
    info.metadata.sqlState ?? root?.sparkThrowable?.sqlState ?? /SQLSTATE: (\w{5})/.exec(text)?.[1];
  const stackTrace = response === undefined ? info.metadata.stackTrace : stackTraceOf(response);
  const details: SparkErrorDetails = {
    cause: thrown,
    serverClasses,
    messageParameters: root?.sparkThrowable?.messageParameters ?? parametersOf(info),
    queryContexts: root?.sparkThrowable?.queryContexts.map(toQueryContext) ?? [],
    ...(errorClass !== undefined && { errorClass }),
    ...(sqlState !== undefined && { sqlState }),
    ...(position !== undefined && { position }),
    ...(plan !== undefined && { plan }),
    ...(stackTrace !== undefined && { serverStackTrace: stackTrace }),
  };
  return sparkError(code, text, details);
}

/** Duet's own gateway says by this domain that it speaks, and no Spark behind it. */
const GATEWAY = "duet.gateway";

/** Errors without ErrorInfo come from gRPC itself: the connection, a proxy, a method that is not there. */
function transportError(error: ConnectError): SparkConnectError {
  const details = { cause: error };
  const tls = tlsFailure(error);
  if (tls !== undefined) {
    return sparkError("tls-failed", `the connection could not be encrypted: ${tls}`, details);
  }
  if (isConnectionFailure(error)) {
    return sparkError(
      "connection-lost",
      `the Spark Connect server cannot be reached any more (${error.rawMessage})`,
      details,
    );
  }
  switch (error.code) {
    case Code.Unauthenticated:
      return sparkError("unauthenticated", error.rawMessage, details);
    case Code.PermissionDenied:
      return sparkError("permission-denied", error.rawMessage, details);
    case Code.Unimplemented:
      return sparkError("unsupported", `this server does not offer it: ${error.rawMessage}`, details);
    case Code.ResourceExhausted:
      return sparkError(
        "invalid-argument",
        `the request is too large (${error.rawMessage}); give large data as files, not within a plan`,
        details,
      );
    case Code.InvalidArgument:
    case Code.OutOfRange:
    case Code.FailedPrecondition:
      return sparkError("invalid-argument", error.rawMessage, details);
    case Code.Canceled:
      return sparkError("operation-cancelled", error.rawMessage, details);
    default:
      return sparkError("execution-error", error.rawMessage, details);
  }
}

/** The last parts of the server's class names that decide, the first match from the most special class on. */
const CODE_OF_CLASS: ReadonlyMap<string, SparkErrorCode> = new Map([
  ["ParseException", "parse-error"],
  ["AnalysisException", "analysis-error"],
  ["SparkClassNotFoundException", "analysis-error"],
  ["PythonException", "python-error"],
  ["NumberFormatException", "execution-error"],
  ["UnsupportedOperationException", "unsupported"],
  ["IllegalArgumentException", "invalid-argument"],
  ["InvalidPlanInput", "invalid-argument"],
]);

function codeOf(errorClass: string, serverClasses: readonly string[], text: string): SparkErrorCode {
  if (errorClass.startsWith("INVALID_HANDLE.SESSION") || /^invalid argument: session \S+ is not/.test(text)) {
    return "session-expired";
  }
  if (errorClass === "OPERATION_CANCELED" || errorClass === "INVALID_HANDLE.OPERATION_ABANDONED") {
    return "operation-cancelled";
  }
  // What Sail says: its parser's mistakes are illegal arguments, unknown functions unsupported operations.
  if (/^invalid argument: found .+ expected /s.test(text)) {
    return "parse-error";
  }
  if (text.startsWith("unknown function: ")) {
    return "analysis-error";
  }
  if (/^not (supported|implemented): /.test(text)) {
    return "unsupported";
  }
  // Some of Sail's errors of running plans have the class of an analysis mistake.
  if (
    errorClass === "USER_RAISED_EXCEPTION" ||
    /^(division by zero|divide by zero|arithmetic overflow)/i.test(text)
  ) {
    return "execution-error";
  }
  const names = serverClasses.map((name) => name.slice(name.lastIndexOf(".") + 1));
  const known = names.map((name) => CODE_OF_CLASS.get(name)).find((code) => code !== undefined);
  return known ?? "execution-error";
}

/** Some of Sail's messages name Spark's error class in brackets without sending it apart. */
function bracketedClass(text: string): string | undefined {
  return /\[([A-Z][A-Z0-9_]+(?:\.[A-Z0-9_]+)*)\] /.exec(text)?.[1];
}

/** When a task fails for good, Spark's message holds the stack traces of task and driver. */
function withoutStack(text: string): string {
  const lines = text.split("\n").filter((line) => !/^\s+(at .+\)|\.{3} \d+ more)$/.test(line));
  return lines.join("\n").replace(/\n+Driver stacktrace:\s*$/, "");
}

/** Spark appends its plan to what it says about an analysis mistake. */
function splitPlan(text: string): { text: string; plan?: string } {
  const match = /^(?<said>[\s\S]*?; line \d+ pos \d+);\n(?<plan>[\s\S]+)$/.exec(text);
  const { said, plan } = match?.groups ?? {};
  return said === undefined || plan === undefined ? { text } : { text: said, plan: plan.trimEnd() };
}

function serverClassesOf(info: ErrorInfo): readonly string[] {
  const classes = parseJson(info.metadata.classes);
  return Array.isArray(classes) ? classes.map(String) : info.reason === "" ? [] : [info.reason];
}

function parametersOf(info: ErrorInfo): Readonly<Record<string, string>> {
  const parameters = parseJson(info.metadata.messageParameters);
  return typeof parameters === "object" && parameters !== null
    ? Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, String(value)]))
    : {};
}

/** Metadata of ErrorInfo is cut when it gets long: what is no JSON any more is left out. */
function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toQueryContext(
  context: NonNullable<ServerError["sparkThrowable"]>["queryContexts"][number],
): QueryContext {
  const { objectType, objectName, fragment, startIndex, stopIndex, callSite, summary } = context;
  const type = context.contextType === ContextType.DATAFRAME ? "dataframe" : "sql";
  return { type, objectType, objectName, fragment, startIndex, stopIndex, callSite, summary };
}

function stackTraceOf(response: FetchErrorDetailsResponse): string | undefined {
  const lines: string[] = [];
  const seen = new Set<number>();
  let index = response.rootErrorIdx;
  while (index !== undefined && !seen.has(index)) {
    seen.add(index);
    const error = response.errors[index];
    if (error === undefined) {
      break;
    }
    lines.push(
      `${lines.length === 0 ? "" : "Caused by: "}${error.errorTypeHierarchy[0] ?? ""}: ${error.message}`,
    );
    for (const { declaringClass, methodName, fileName, lineNumber } of error.stackTrace) {
      lines.push(`\tat ${declaringClass}.${methodName}(${fileName ?? "Unknown Source"}:${lineNumber})`);
    }
    index = error.causeIdx;
  }
  return lines.length === 0 ? undefined : lines.join("\n");
}
