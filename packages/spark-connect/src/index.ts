export { SparkSession } from "./spark-session.ts";
export type { ConnectOptions } from "./spark-session.ts";
export { SessionHandle } from "./session-handle.ts";
export type { SessionHandleOptions } from "./session-handle.ts";
export { DataFrame } from "./data-frame.ts";
export type { CallOptions, ExplainMode, TableResult } from "./data-frame.ts";
export { DataFrameReader } from "./data-frame-reader.ts";
export { DataFrameWriter } from "./data-frame-writer.ts";
export type { SaveMode } from "./data-frame-writer.ts";
export { Catalog } from "./catalog.ts";
export type { CatalogColumn, CatalogDatabase, CatalogFunction, CatalogTable } from "./catalog.ts";
export { SessionConfiguration } from "./session-configuration.ts";
export type { UserDefinedFunction } from "./user-defined-function.ts";
export type { SqlArgument, SqlArguments } from "./sql-literal.ts";

export type { ExecutionOptions } from "./execution.ts";
export type { ArrowBatch } from "./arrow-batches.ts";
export type { ExecutionMetric, ExecutionProgress, StageProgress } from "./progress.ts";
export { DEFAULT_RETRY_POLICY } from "./retry.ts";
export type { RetryPolicy } from "./retry.ts";

export { describeFields, describeType } from "./data-type.ts";
export type {
  DataType,
  DayTimeField,
  SimpleTypeKind,
  StructField,
  StructType,
  YearMonthField,
} from "./data-type.ts";
export type { Row, Value } from "./value.ts";
export { Timestamp } from "./timestamp.ts";
export { cellFromValue } from "./cell.ts";
export type { JsonCell } from "./cell.ts";
export { readArrowRows } from "./arrow-values.ts";
export type { JsonRow, JsonValue } from "./arrow-inference.ts";

export { parseConnectionUrl } from "./connection-url.ts";
export type { ConnectionUrl } from "./connection-url.ts";
export {
  AnalysisError,
  ConnectionLostError,
  ExecutionError,
  OperationCancelledError,
  ParseError,
  PythonError,
  SessionExpiredError,
  SparkConnectError,
  UnsupportedError,
} from "./errors.ts";
export type { QueryContext, SparkErrorCode, SparkErrorDetails, SqlPosition } from "./errors.ts";
