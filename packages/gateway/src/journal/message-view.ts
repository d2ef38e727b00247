import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { fields } from "../grpc/fields.ts";

/** A message of a known type in its bytes, read without being decoded. */
export interface MessageView {
  readonly type: DescMessage;
  readonly bytes: Buffer;
}

/** A field of a message that is there. */
export interface Part {
  readonly field: DescField;
  /** What it holds, where that is a string, bytes or a message. */
  readonly value: Buffer | undefined;
  /** The whole field, tag included. */
  readonly bytes: Buffer;
}

/**
 * The fields of a message that its type knows, in the order of its bytes.
 * @throws {BrokenMessageError}
 */
export function* parts({ type, bytes }: MessageView): Generator<Part> {
  const known = fieldsByNumber(type);
  for (const { number, start, end, value } of fields(bytes)) {
    const field = known.get(number);
    if (field !== undefined) yield { field, value, bytes: bytes.subarray(start, end) };
  }
}

/** The last field with this name (`session_id`), which is the one that counts. */
export function part(view: MessageView, name: string): Part | undefined {
  let found: Part | undefined;
  for (const candidate of parts(view)) if (candidate.field.name === name) found = candidate;
  return found;
}

/** The message in a field. */
export function child(view: MessageView, name: string): MessageView | undefined {
  const found = part(view, name);
  return found === undefined ? undefined : partMessage(found);
}

/** What a field holds, where that is a message. */
export function partMessage({ field, value }: Part): MessageView | undefined {
  const type = messageType(field);
  return type === undefined || value === undefined ? undefined : { type, bytes: value };
}

/** The type of the messages in a field; of a map's entries none. */
export function messageType(field: DescField): DescMessage | undefined {
  if (field.fieldKind === "message") return field.message;
  return field.fieldKind === "list" && field.listKind === "message" ? field.message : undefined;
}

/** The string in a field, empty where it is not there. */
export function text(view: MessageView, name: string): string {
  return part(view, name)?.value?.toString("utf8") ?? "";
}

/** The strings in a repeated field. */
export function texts(view: MessageView, name: string): string[] {
  return [...parts(view)].flatMap(({ field, value }) =>
    field.name === name && value !== undefined ? [value.toString("utf8")] : [],
  );
}

/** The number in a field that holds a boolean, or a member of an enumeration below 128; 0 where it is not there. */
export function smallNumber(view: MessageView, name: string): number {
  return part(view, name)?.bytes.at(-1) ?? 0;
}

/** What a message that is one of several things is (`set_current_database`), the last one if there are more. */
export function caseOf(view: MessageView, oneof: string): Part | undefined {
  let found: Part | undefined;
  for (const candidate of parts(view)) if (candidate.field.oneof?.name === oneof) found = candidate;
  return found;
}

const BY_NUMBER = new WeakMap<DescMessage, ReadonlyMap<number, DescField>>();

function fieldsByNumber(type: DescMessage): ReadonlyMap<number, DescField> {
  const known = BY_NUMBER.get(type);
  if (known !== undefined) return known;
  const made = new Map(type.fields.map((field) => [field.number, field]));
  BY_NUMBER.set(type, made);
  return made;
}
