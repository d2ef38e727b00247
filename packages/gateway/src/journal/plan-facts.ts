import { type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { fields } from "../grpc/fields.ts";
import { messageType, type MessageView, partMessage, parts } from "./message-view.ts";
import { wordsOf } from "./names.ts";

/** What in a plan may have effects, at any depth. */
export interface PlanFacts {
  /** `spark.connect.SQL`: statements. */
  readonly statements: readonly MessageView[];
  /** `spark.connect.Catalog`. */
  readonly catalogs: readonly MessageView[];
  /** Relations that a server's extension knows. */
  readonly extensions: number;
}

const STATEMENT = "spark.connect.SQL";
const CATALOG = "spark.connect.Catalog";
const EXTENSION = "google.protobuf.Any";
const RELATION = "spark.connect.Relation";

/** What says where in a program a plan was made. */
const ORIGINS = new Set(["spark.connect.RelationCommon", "spark.connect.ExpressionCommon"]);

/** Finds what may have effects in a relation; what cannot hold anything of it is not read. */
export function planFacts(relation: MessageView): PlanFacts {
  const statements: MessageView[] = [];
  const catalogs: MessageView[] = [];
  let extensions = 0;
  const open = [relation];
  for (let view = open.pop(); view !== undefined; view = open.pop()) {
    if (view.type.typeName === STATEMENT) statements.push(view);
    else if (view.type.typeName === CATALOG) catalogs.push(view);
    else {
      for (const found of parts(view)) {
        const inner = partMessage(found);
        if (inner === undefined) continue;
        if (view.type.typeName === RELATION && inner.type.typeName === EXTENSION) extensions += 1;
        else if (holdsRelations(inner.type)) open.push(inner);
      }
    }
  }
  return { statements, catalogs, extensions };
}

/**
 * The words of all strings in a message but one: what it may be about. Binary data, and where it was made, do not
 * count.
 */
export function wordsIn(message: MessageView, except?: Buffer): readonly string[] {
  const found: string[] = [];
  const open = [message];
  for (let view = open.pop(); view !== undefined; view = open.pop()) {
    if (ORIGINS.has(view.type.typeName)) continue;
    for (const { field, value } of parts(view)) {
      if (value === undefined || isSame(value, except)) continue;
      const type = messageType(field);
      if (type !== undefined) open.push({ type, bytes: value });
      else if (field.fieldKind === "map") {
        for (const { number, value: inner } of fields(value)) {
          if (inner === undefined) continue;
          if (field.mapKind === "message" && number === 2) open.push({ type: field.message, bytes: inner });
          else found.push(inner.toString("utf8"));
        }
      } else if (isText(field)) found.push(value.toString("utf8"));
    }
  }
  return wordsOf(...found);
}

function isSame(bytes: Buffer, other: Buffer | undefined): boolean {
  return bytes.buffer === other?.buffer && bytes.byteOffset === other.byteOffset;
}

function isText(field: DescMessage["fields"][number]): boolean {
  return (
    (field.fieldKind === "scalar" || (field.fieldKind === "list" && field.listKind === "scalar")) &&
    field.scalar === ScalarType.STRING
  );
}

const HOLDING = new Map<DescMessage, boolean>();

/** Whether a relation can stand within a message of this type. */
function holdsRelations(type: DescMessage): boolean {
  const known = HOLDING.get(type);
  if (known !== undefined) return known;
  const holds = reaches(type, new Set());
  HOLDING.set(type, holds);
  return holds;
}

function reaches(type: DescMessage, seen: Set<DescMessage>): boolean {
  if (type.typeName === RELATION || type.typeName === STATEMENT || type.typeName === CATALOG) return true;
  if (seen.has(type) || ORIGINS.has(type.typeName)) return false;
  seen.add(type);
  return type.fields.some((field) => {
    const inner = messageType(field);
    return inner !== undefined && reaches(inner, seen);
  });
}
