import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { constants } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { ErrorInfoSchema, StatusSchema } from "@duet/spark-connect/wire";

/** The status codes of gRPC that the gateway gives itself. */
export const StatusCode = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** A number out of {@link StatusCode}. */
export type StatusCode = (typeof StatusCode)[keyof typeof StatusCode];

/** Why a call failed at the gateway: stable, kebab-case. */
export type GatewayErrorCode =
  | "driver-lost"
  | "driver-refused"
  | "driver-reset"
  | "driver-response-broken"
  | "driver-silent"
  | "driver-unreachable"
  | "encoding-unsupported"
  | "gateway-fault"
  | "identity-unavailable"
  | "message-broken"
  | "message-missing"
  | "message-too-large"
  | "method-unknown"
  | "no-driver-ready"
  | "operation-exists"
  | "operation-interrupted"
  | "operation-lost"
  | "operation-unknown"
  | "pool-forbidden"
  | "pool-full"
  | "pool-unknown"
  | "result-too-large"
  | "session-busy"
  | "session-closed"
  | "session-id-invalid"
  | "session-lost"
  | "session-unknown"
  | "store-unavailable"
  | "too-many-operations"
  | "too-many-sessions"
  | "unauthenticated"
  | "write-outcome-unknown";

/**
 * A failure that the gateway itself tells a client. Clients get the gRPC status with a `google.rpc.Status` whose one
 * detail is an `ErrorInfo` of the domain `duet.gateway` with the code as its reason.
 */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly code: GatewayErrorCode;
  readonly status: StatusCode;
  /** The class that Spark gives to the same mistake, by which clients tell what to do. */
  readonly errorClass: string | undefined;

  constructor(
    code: GatewayErrorCode,
    status: StatusCode,
    message: string,
    details: { readonly cause?: unknown; readonly errorClass?: string } = {},
  ) {
    super(
      details.errorClass === undefined ? message : `[${details.errorClass}] ${message}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.code = code;
    this.status = status;
    this.errorClass = details.errorClass;
  }

  /** Anything thrown as an error for the client; what is not ours is `gateway-fault` and keeps its cause. */
  static from(error: unknown): GatewayError {
    if (error instanceof GatewayError) return error;
    const text = error instanceof Error ? error.message : String(error);
    return new GatewayError("gateway-fault", StatusCode.internal, `the gateway failed: ${text}`, {
      cause: error,
    });
  }
}

/** What Spark's clients raise; the one for the JVM breaks down over an `ErrorInfo` that names no class. */
const EXCEPTION_CLASS = "org.apache.spark.SparkException";

/** The trailers that carry the error, after the protocol in gRPC's `PROTOCOL-HTTP2.md`, and name the request. */
export function errorTrailers(error: GatewayError, requestId: string): OutgoingHttpHeaders {
  const message = `${error.message} (${error.code})`;
  const info = create(ErrorInfoSchema, {
    reason: error.code,
    domain: "duet.gateway",
    metadata: {
      requestId,
      classes: JSON.stringify([EXCEPTION_CLASS]),
      ...(error.errorClass !== undefined && { errorClass: error.errorClass }),
    },
  });
  const details = create(StatusSchema, {
    code: error.status,
    message,
    details: [anyPack(ErrorInfoSchema, info)],
  });
  return {
    "grpc-status": String(error.status),
    "grpc-message": percentEncode(message),
    "grpc-status-details-bin": Buffer.from(toBinary(StatusSchema, details))
      .toString("base64")
      .replace(/=+$/u, ""),
    "x-request-id": requestId,
  };
}

/** The headers of a response that is nothing but an error (`Trailers-Only`). */
export function errorResponse(error: GatewayError, requestId: string): OutgoingHttpHeaders {
  return { ":status": 200, "content-type": "application/grpc", ...errorTrailers(error, requestId) };
}

/**
 * What gRPC makes of a stream that HTTP/2 has reset: a driver that refused it has not begun with it (`driver-refused`),
 * one that hangs up asks for another try, the rest is the driver's fault.
 */
export function resetError(driver: string, rstCode: number): GatewayError {
  const name = RESET_NAMES.get(rstCode) ?? `code ${rstCode}`;
  const retryable = rstCode === constants.NGHTTP2_REFUSED_STREAM || rstCode === constants.NGHTTP2_NO_ERROR;
  return new GatewayError(
    rstCode === constants.NGHTTP2_REFUSED_STREAM ? "driver-refused" : "driver-reset",
    retryable
      ? StatusCode.unavailable
      : rstCode === constants.NGHTTP2_CANCEL
        ? StatusCode.cancelled
        : rstCode === constants.NGHTTP2_ENHANCE_YOUR_CALM
          ? StatusCode.resourceExhausted
          : StatusCode.internal,
    `the driver ${driver} has reset the call (${name})`,
  );
}

const RESET_NAMES = new Map(
  Object.entries(constants)
    .filter(([name]) => /^NGHTTP2_(NO_ERROR|CANCEL|REFUSED_STREAM|ENHANCE_YOUR_CALM|\w+_ERROR)$/u.test(name))
    .filter(([name]) => !name.startsWith("NGHTTP2_ERR_"))
    .map(([name, code]) => [Number(code), name.slice("NGHTTP2_".length)]),
);

/** Whether headers are those of a gRPC call or answer. */
export function isGrpc(headers: IncomingHttpHeaders): boolean {
  return /^application\/grpc($|[+;])/u.test(headers["content-type"] ?? "");
}

/** Percent-encodes what `grpc-message` may not hold: all but printable ASCII, and the percent sign. */
function percentEncode(text: string): string {
  return [...Buffer.from(text, "utf8")]
    .map((byte) =>
      byte < 0x20 || byte > 0x7e || byte === 0x25
        ? `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
        : String.fromCharCode(byte),
    )
    .join("");
}
