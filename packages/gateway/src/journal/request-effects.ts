import { createHash } from "node:crypto";
import type { Effect } from "./call-summary.ts";
import type { JournalEntry } from "./journal-entry.ts";
import { caseOf, child, type MessageView, partMessage, parts, text, texts } from "./message-view.ts";

const READ: Effect = { type: "read" };

/** What a `ConfigRequest` does. */
export function configEffect(request: MessageView): Effect {
  const operation = child(request, "operation");
  const found = operation === undefined ? undefined : caseOf(operation, "op_type");
  const view = found === undefined ? undefined : partMessage(found);
  if (found === undefined || view === undefined) return READ;
  const keys =
    found.field.name === "set"
      ? [...parts(view)].flatMap((pair) => {
          const message = partMessage(pair);
          return message === undefined ? [] : [text(message, "key")];
        })
      : found.field.name === "unset"
        ? texts(view, "keys")
        : [];
  if (keys.length === 0) return READ;
  const entry: JournalEntry = {
    kind: "config",
    defines: keys.map((key) => `config:${key}`),
    // Not even unsetting removes: a key that the driver was started with goes by it too.
    removes: false,
    uses: [],
    method: "Config",
    messages: [request.bytes],
  };
  return { type: "session", entries: [entry], tables: [] };
}

/** Files that Spark copies to a file system of its own: a write. */
const COPIED = "forward_to_fs/";

/** What an `AddArtifacts` call does: one entry has its artifacts by name and content. */
export function artifactEffect(messages: readonly MessageView[]): Effect {
  const digests: { readonly name: string; readonly hash: ReturnType<typeof createHash> }[] = [];
  const begin = (name: string, chunk: MessageView | undefined) => {
    digests.push({ name, hash: createHash("sha256") });
    update(chunk);
  };
  const update = (chunk: MessageView | undefined) => {
    const data =
      chunk === undefined ? undefined : [...parts(chunk)].find(({ field }) => field.name === "data");
    if (data?.value !== undefined) digests.at(-1)?.hash.update(data.value);
  };
  for (const message of messages) {
    const payload = caseOf(message, "payload");
    const view = payload === undefined ? undefined : partMessage(payload);
    if (payload === undefined || view === undefined) continue;
    if (payload.field.name === "begin_chunk") begin(text(view, "name"), child(view, "initial_chunk"));
    else if (payload.field.name === "chunk") update(view);
    else {
      for (const found of parts(view)) {
        const artifact = partMessage(found);
        if (artifact !== undefined) begin(text(artifact, "name"), child(artifact, "data"));
      }
    }
  }
  if (digests.length === 0) return READ;
  const copied = digests.filter(({ name }) => name.startsWith(COPIED));
  if (copied.length > 0) {
    const pin = "it was given artifacts in one call with files for a file system";
    return { type: "write", entries: [], tables: [], pin: copied.length < digests.length ? pin : undefined };
  }
  const defines = digests.map(({ name, hash }) => `artifact:${name}#${hash.digest("hex").slice(0, 32)}`);
  const entry: JournalEntry = {
    kind: "artifact",
    defines,
    removes: false,
    uses: [],
    method: "AddArtifacts",
    messages: messages.map(({ bytes }) => bytes),
  };
  return { type: "session", entries: [entry], tables: [] };
}
