import { create } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { sparkError } from "./errors.ts";
import { ExpressionSchema } from "./generated/spark/connect/expressions_pb.js";
import type { Expression, Expression_LiteralSchema } from "./generated/spark/connect/expressions_pb.js";
import type { Timestamp } from "./timestamp.ts";

/**
 * A value for a parameter of a SQL text. Whole numbers become `int`, or `bigint` if they need it, others `double`;
 * bigints `bigint`, a `Date` a `timestamp`.
 */
export type SqlArgument = null | boolean | number | bigint | string | Date | Timestamp | Uint8Array;

/** Values for the parameters of a SQL text: by name for `:name`, by position for `?`. */
export type SqlArguments = Readonly<Record<string, SqlArgument>> | readonly SqlArgument[];

type LiteralType = NonNullable<MessageInitShape<typeof Expression_LiteralSchema>["literalType"]>;

/** The parameter fields of a SQL relation or command. */
export function sqlArguments(values: SqlArguments = []): {
  namedArguments: Record<string, Expression>;
  posArguments: Expression[];
} {
  if (values instanceof Array) {
    return { namedArguments: {}, posArguments: values.map((value: SqlArgument) => literal(value)) };
  }
  const named = Object.entries(values).map(([name, value]) => [name, literal(value)] as const);
  return { namedArguments: Object.fromEntries(named), posArguments: [] };
}

function literal(value: SqlArgument): Expression {
  return create(ExpressionSchema, {
    exprType: { case: "literal", value: { literalType: literalType(value) } },
  });
}

function literalType(value: SqlArgument): LiteralType {
  if (typeof value === "boolean") {
    return { case: "boolean", value };
  }
  if (typeof value === "string") {
    return { case: "string", value };
  }
  if (typeof value === "number") {
    return numberType(value);
  }
  if (typeof value === "bigint") {
    if (BigInt.asIntN(64, value) !== value) {
      throw sparkError("invalid-argument", `${value} does not fit into a bigint of 64 bits`);
    }
    return { case: "long", value };
  }
  return objectType(value);
}

function numberType(value: number): LiteralType {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
    return { case: "double", value };
  }
  return (value | 0) === value ? { case: "integer", value } : { case: "long", value: BigInt(value) };
}

function objectType(value: null | Date | Timestamp | Uint8Array): LiteralType {
  if (value === null) {
    return { case: "null", value: { kind: { case: "null", value: {} } } };
  }
  if (value instanceof Uint8Array) {
    return { case: "binary", value };
  }
  if (value instanceof Date) {
    return { case: "timestamp", value: BigInt(value.getTime()) * 1_000n };
  }
  return value.timeZone === undefined
    ? { case: "timestampNtz", value: value.epochMicroseconds }
    : { case: "timestamp", value: value.epochMicroseconds };
}
