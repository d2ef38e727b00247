import { create } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { PlanSchema } from "./generated/spark/connect/base_pb.js";
import type { Plan } from "./generated/spark/connect/base_pb.js";
import type { CommandSchema } from "./generated/spark/connect/commands_pb.js";
import { ExpressionSchema } from "./generated/spark/connect/expressions_pb.js";
import type { Expression } from "./generated/spark/connect/expressions_pb.js";
import { RelationSchema } from "./generated/spark/connect/relations_pb.js";
import type { Relation } from "./generated/spark/connect/relations_pb.js";

/** What a relation does, with the fields of its message. */
export type RelationType = NonNullable<MessageInitShape<typeof RelationSchema>["relType"]>;

/** What a command does, with the fields of its message. */
export type CommandType = NonNullable<MessageInitShape<typeof CommandSchema>["commandType"]>;

let planIds = 0n;

/** A node of a plan, with an id of its own as Spark wants it. */
export function relation(relType: RelationType): Relation {
  planIds += 1n;
  return create(RelationSchema, { common: { planId: planIds }, relType });
}

/** The plan that computes a relation. */
export function queryPlan(root: Relation): Plan {
  return create(PlanSchema, { opType: { case: "root", value: root } });
}

/** The plan that runs a command. */
export function commandPlan(commandType: CommandType): Plan {
  return create(PlanSchema, { opType: { case: "command", value: { commandType } } });
}

/** An expression in SQL, which the server reads. */
export function sqlExpression(expression: string): Expression {
  return create(ExpressionSchema, { exprType: { case: "expressionString", value: { expression } } });
}

/**
 * The SQL text that positions in an error are about: that of the relation, or of the one below operations that add no
 * text of their own.
 */
export function sqlTextOf(root: Relation | undefined): string | undefined {
  switch (root?.relType.case) {
    case "sql":
      return root.relType.value.query;
    case "limit":
    case "repartition":
      return sqlTextOf(root.relType.value.input);
    default:
      return undefined;
  }
}
