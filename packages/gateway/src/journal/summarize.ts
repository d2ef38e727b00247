import { createHash } from "node:crypto";
import { zstdDecompressSync } from "node:zlib";
import { SparkConnectService } from "@duet/spark-connect/wire";
import { BrokenMessageError } from "../grpc/fields.ts";
import type { CallSummary, Effect } from "./call-summary.ts";
import { commandEffect } from "./command-effect.ts";
import { artifactEffect, configEffect } from "./request-effects.ts";
import type { JournalEntry } from "./journal-entry.ts";
import {
  caseOf,
  child,
  type MessageView,
  messageType,
  part,
  partMessage,
  parts,
  smallNumber,
} from "./message-view.ts";
import { wordsIn } from "./plan-facts.ts";
import { relationEffect } from "./relation-effect.ts";

const { method } = SparkConnectService;

/** Bytes of the largest plan that is decompressed to be looked at. */
const LARGEST_PLAN = 128 * 1024 * 1024;

const READ: Effect = { type: "read" };

/** What cannot be read may do anything; the driver will refuse it. */
const UNREADABLE: Effect = { type: "write", entries: [], tables: [], pin: undefined };

/**
 * What a call does, from its method (`ExecutePlan`) and its first message, decompressed. Never throws: what is broken
 * counts as a write. For `AddArtifacts` see {@link artifactSummary}.
 */
export function summarize(name: string, message: Buffer): CallSummary {
  try {
    switch (name) {
      case "ExecutePlan":
        return executeSummary({ type: method.executePlan.input, bytes: message });
      case "AnalyzePlan":
        return analyzeSummary({ type: method.analyzePlan.input, bytes: message });
      case "Config":
        return summary(configEffect({ type: method.config.input, bytes: message }));
      default:
        return summary(READ);
    }
  } catch (error) {
    if (error instanceof BrokenMessageError) return summary(UNREADABLE);
    throw error;
  }
}

/** What a whole `AddArtifacts` call does, from all its messages. */
export function artifactSummary(messages: readonly Buffer[]): CallSummary {
  try {
    const views = messages.map((bytes) => ({ type: method.addArtifacts.input, bytes }));
    return summary(artifactEffect(views));
  } catch (error) {
    if (error instanceof BrokenMessageError) return summary(UNREADABLE);
    throw error;
  }
}

function summary(effect: Effect, statement?: string, reattachable = false): CallSummary {
  return { effect, statement, reattachable };
}

function executeSummary(request: MessageView): CallSummary {
  const plan = child(request, "plan");
  const reattachable = isReattachable(request);
  if (plan === undefined) return summary(READ, undefined, reattachable);
  const context = { method: "ExecutePlan", message: request.bytes } as const;
  const operation = operationOf(plan);
  if (operation === undefined) return summary(UNREADABLE, undefined, reattachable);
  const { effect, statement } =
    operation.type.typeName === "spark.connect.Command"
      ? commandEffect(operation, context)
      : relationEffect(operation, context);
  return summary(effect, statement, reattachable);
}

/** The relation or command of a plan, decompressed. */
function operationOf(plan: MessageView): MessageView | undefined {
  const operation = caseOf(plan, "op_type");
  if (operation === undefined) return undefined;
  const view = partMessage(operation);
  if (operation.field.name !== "compressed_operation" || view === undefined) return view;
  // Spark.Plan.CompressedOperation: 1 is a relation, 2 a command; 1 is zstd.
  const isCommand = smallNumber(view, "op_type") === 2;
  const data = part(view, "data")?.value;
  const target = plan.type.fields.find(({ name }) => name === (isCommand ? "command" : "root"));
  const type = target === undefined ? undefined : messageType(target);
  if (smallNumber(view, "compression_codec") !== 1 || data === undefined || type === undefined)
    return undefined;
  try {
    return { type, bytes: zstdDecompressSync(data, { maxOutputLength: LARGEST_PLAN }) };
  } catch {
    // The driver says better what is wrong with it.
    return undefined;
  }
}

function isReattachable(request: MessageView): boolean {
  for (const found of parts(request)) {
    if (found.field.name !== "request_options") continue;
    const option = partMessage(found);
    const reattach = option === undefined ? undefined : child(option, "reattach_options");
    if (reattach !== undefined && smallNumber(reattach, "reattachable") === 1) return true;
  }
  return false;
}

function analyzeSummary(request: MessageView): CallSummary {
  const analyze = caseOf(request, "analyze");
  const view = analyze === undefined ? undefined : partMessage(analyze);
  if (analyze === undefined || view === undefined) return summary(READ);
  const { name } = analyze.field;
  const relation = child(view, "relation");
  // Commands are not run when they are analysed, neither by Spark nor by Sail.
  if (relation === undefined || (name !== "persist" && name !== "unpersist")) return summary(READ);
  const digest = createHash("sha256").update(relation.bytes).digest("hex").slice(0, 32);
  const removes = name === "unpersist";
  const entry: JournalEntry = {
    kind: "persist",
    defines: [`persist:#${digest}`],
    removes,
    uses: removes ? [] : wordsIn(relation),
    method: "AnalyzePlan",
    messages: [request.bytes],
  };
  return summary({ type: "session", entries: [entry], tables: [] });
}
