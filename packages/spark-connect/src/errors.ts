/** Says what kind of failure a {@link SparkConnectError} is; stable, for programs to compare. */
export type SparkErrorCode =
  /** The address of the server cannot be read. */
  | "invalid-connection-url"
  /** Nothing answers at the address, or what answers is no Spark Connect server. */
  | "cannot-connect"
  /** The connection could not be encrypted: a certificate that is not trusted, or a side that speaks no TLS. */
  | "tls-failed"
  /** The server has gone away, and reattaching to it did not help. */
  | "connection-lost"
  /** The server wants a token, or does not accept the one given. */
  | "unauthenticated"
  /** The server knows the user and does not let them do this. */
  | "permission-denied"
  /** The server no longer knows the session: it was released, expired, or the server was restarted. */
  | "session-expired"
  /** Somebody interrupted the operation, by its id, a tag or the whole session. */
  | "operation-cancelled"
  /** The SQL text cannot be read. */
  | "parse-error"
  /** The statement can be read but makes no sense: an unknown table or column, types that do not fit. */
  | "analysis-error"
  /** User code in Python failed inside Spark. */
  | "python-error"
  /** This server cannot do it. */
  | "unsupported"
  /** An argument or a setting has a value that the server or this client does not take. */
  | "invalid-argument"
  /** The server has no room: a limit of this user's, or of the server's, is reached. */
  | "limit-reached"
  /** The statement failed while it ran: a cast, a division, a file, memory. */
  | "execution-error"
  /** A result has two columns of the same name and was asked for by name. */
  | "duplicate-column"
  /** Server and client disagree on the protocol. */
  | "protocol-error";

/** The stretch of a SQL text, or the call of a DataFrame program, that an error is about. */
export interface QueryContext {
  readonly type: "sql" | "dataframe";
  /** E.g. `VIEW` and the view's name, where the text is not the statement itself. */
  readonly objectType: string;
  readonly objectName: string;
  /** The text in question. */
  readonly fragment: string;
  /** Offsets into the statement, from 0, `stopIndex` inclusive; -1 where unknown. */
  readonly startIndex: number;
  readonly stopIndex: number;
  readonly callSite: string;
  readonly summary: string;
}

/** A place in a SQL text. `line` and `column` count from 1, `offset` from 0. */
export interface SqlPosition {
  readonly line: number;
  readonly column: number;
  readonly offset?: number;
}

/** What a server tells about an error besides its text. */
export interface SparkErrorDetails {
  readonly cause?: unknown;
  /** Spark's error class, e.g. `TABLE_OR_VIEW_NOT_FOUND` or `CAST_INVALID_INPUT`. */
  readonly errorClass?: string;
  /** The standard's five letters, e.g. `42P01`. */
  readonly sqlState?: string;
  readonly messageParameters?: Readonly<Record<string, string>>;
  readonly queryContexts?: readonly QueryContext[];
  /** Where in the SQL text the mistake is, if the server says so. */
  readonly position?: SqlPosition;
  /** The plan that the server could not resolve, as it prints it. */
  readonly plan?: string;
  /** The server's own class and its parents, e.g. `org.apache.spark.sql.AnalysisException`. */
  readonly serverClasses?: readonly string[];
  /** The server's stack trace with its causes. */
  readonly serverStackTrace?: string;
}

/**
 * Any failure that this package reports. `message` starts with the code; `rawMessage` is the bare text, in the
 * engine's own words where the engine spoke.
 */
export class SparkConnectError extends Error {
  readonly code: SparkErrorCode;
  readonly rawMessage: string;
  readonly errorClass: string | undefined;
  readonly sqlState: string | undefined;
  readonly messageParameters: Readonly<Record<string, string>>;
  readonly queryContexts: readonly QueryContext[];
  readonly position: SqlPosition | undefined;
  readonly plan: string | undefined;
  readonly serverClasses: readonly string[];
  readonly #serverStackTrace: string | undefined;

  constructor(code: SparkErrorCode, rawMessage: string, details: SparkErrorDetails = {}) {
    super(`${code}: ${rawMessage}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.rawMessage = rawMessage;
    this.errorClass = details.errorClass;
    this.sqlState = details.sqlState;
    this.messageParameters = details.messageParameters ?? {};
    this.queryContexts = details.queryContexts ?? [];
    this.position = details.position;
    this.plan = details.plan;
    this.serverClasses = details.serverClasses ?? [];
    this.#serverStackTrace = details.serverStackTrace;
  }

  /** The server's stack trace with its causes; no field, so that a printed error stays readable. */
  get serverStackTrace(): string | undefined {
    return this.#serverStackTrace;
  }
}

/** Thrown when a statement can be read but makes no sense: an unknown table or column, types that do not fit. */
export class AnalysisError extends SparkConnectError {}

/** Thrown when a SQL text cannot be read; `position` says where. */
export class ParseError extends AnalysisError {}

/** Thrown when a statement fails while it runs: a cast, a division, a file, memory. */
export class ExecutionError extends SparkConnectError {}

/** Thrown when user code in Python fails inside Spark; the message holds its traceback. */
export class PythonError extends ExecutionError {}

/** Thrown when the server does not have what was asked for. */
export class UnsupportedError extends SparkConnectError {}

/** Thrown when the server no longer knows the session; only a new session helps. */
export class SessionExpiredError extends SparkConnectError {}

/** Thrown when an operation was interrupted by its id, a tag or its session; an abort gives the signal's reason. */
export class OperationCancelledError extends SparkConnectError {}

/** Thrown when the server cannot be reached, or has gone away and reattaching did not help. */
export class ConnectionLostError extends SparkConnectError {}

/** Makes the error of the class that belongs to the code. */
export function sparkError(
  code: SparkErrorCode,
  rawMessage: string,
  details?: SparkErrorDetails,
): SparkConnectError {
  const errorClass = CLASS_OF[code] ?? SparkConnectError;
  return new errorClass(code, rawMessage, details);
}

const CLASS_OF: Partial<Record<SparkErrorCode, typeof SparkConnectError>> = {
  "cannot-connect": ConnectionLostError,
  "connection-lost": ConnectionLostError,
  "session-expired": SessionExpiredError,
  "operation-cancelled": OperationCancelledError,
  "parse-error": ParseError,
  "analysis-error": AnalysisError,
  "python-error": PythonError,
  unsupported: UnsupportedError,
  "execution-error": ExecutionError,
};
