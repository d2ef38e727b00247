import type { DescMessage } from "@bufbuild/protobuf";
import { SparkConnectService } from "@duet/spark-connect/wire";
import { encodeField } from "../grpc/fields.ts";
import type { Effect, TableChange } from "./call-summary.ts";
import { nameOf } from "./statement-reader.ts";
import type { EntryKind } from "./journal-entry.ts";
import { type EntryContext, makeEntry } from "./make-entry.ts";
import { caseOf, child, type MessageView, partMessage, smallNumber, text } from "./message-view.ts";
import { wordsIn } from "./plan-facts.ts";
import { type PlanEffect, relationEffect } from "./relation-effect.ts";
import { defines, lastPartKey } from "./statement-effect.ts";

const READ: Effect = { type: "read" };

/** Why a session whose models live on its driver cannot be moved. */
const MODEL_PIN = "it has machine learning models on its driver";

/** What cannot be carried over to another driver, by command. */
const PINS: ReadonlyMap<string, string> = new Map([
  ["write_stream_operation_start", "it has started a streaming query"],
  ["create_resource_profile_command", "it has made a resource profile"],
  ["checkpoint_command", "it has made a checkpoint"],
  ["pipeline_command", "it has made a declarative pipeline"],
]);

/** What a command (`spark.connect.Command`) does. */
export function commandEffect(command: MessageView, context: EntryContext): PlanEffect {
  const found = caseOf(command, "command_type");
  const view = found === undefined ? undefined : partMessage(found);
  if (found === undefined || view === undefined) {
    return plan(write([], "it has run a command that the gateway does not know"));
  }
  if (found.field.name === "sql_command") return sqlCommand(view, context);
  return plan(effectOf(found.field.name, view, context));
}

function effectOf(name: string, view: MessageView, context: EntryContext): Effect {
  const pin = PINS.get(name);
  if (pin !== undefined) return { type: "pin", reason: pin };
  switch (name) {
    case "register_function":
    case "register_table_function":
      return define("function", "function", text(view, "function_name"), [], context);
    case "register_data_source":
      return define("function", "data-source", text(view, "name"), [], context);
    case "create_dataframe_view": {
      const input = child(view, "input");
      // The name is an identifier, with backquotes where needed; names of functions are taken as they are.
      const name = nameOf(text(view, "name"))?.at(-1) ?? text(view, "name");
      const uses = input === undefined ? [] : wordsIn(input);
      if (smallNumber(view, "is_global") !== 1) return define("view", "view", name, uses, context);
      // All sessions of a driver have it: where one moves to, another may have made it before.
      return define("view", "global-view", name, uses, withReplace(context, view));
    }
    case "write_operation":
      return write(savedTable(view));
    case "write_operation_v2":
      // 1 creates, 5 replaces, 6 either; the rest writes into a table that is there.
      return write([1, 5, 6].includes(smallNumber(view, "mode")) ? made(text(view, "table_name")) : []);
    case "get_resources_command":
    case "remove_cached_remote_relation_command":
      return READ;
    case "streaming_query_command":
      return smallNumber(view, "stop") === 1 ? write() : READ;
    case "streaming_query_manager_command":
      return listenerEffect(caseOf(view, "command")?.field.name);
    case "streaming_query_listener_bus_command":
      return listenerEffect(caseOf(view, "command")?.field.name);
    case "ml_command":
      return modelEffect(caseOf(view, "command")?.field.name);
    default:
      return write();
  }
}

/**
 * The request with `replace` set in its view: a field that is said twice is merged by protobuf's rules, however deep it
 * is. A compressed plan stays as it is.
 */
function withReplace(context: EntryContext, { type }: MessageView): EntryContext {
  const numberOf = (fields: DescMessage["fields"], name: string) =>
    fields.find((field) => field.name === name)?.number ?? 0;
  const replace = Buffer.from([numberOf(type.fields, "replace") * 8, 1]);
  const fieldOf = ({ fields }: DescMessage, name: string, value: Buffer) =>
    encodeField(numberOf(fields, name), value);
  const { input } = SparkConnectService.method.executePlan;
  const plan = input.fields.find(({ name }) => name === "plan")?.message;
  const command = plan?.fields.find(({ name }) => name === "command")?.message;
  if (plan === undefined || command === undefined || !isPlain(context, input)) return context;
  const said = fieldOf(
    input,
    "plan",
    fieldOf(plan, "command", fieldOf(command, "create_dataframe_view", replace)),
  );
  return { ...context, message: Buffer.concat([context.message, said]) };
}

/** Whether a request's command stands in it as it is. */
function isPlain({ message }: EntryContext, type: DescMessage): boolean {
  const plan = child({ type, bytes: message }, "plan");
  return plan !== undefined && caseOf(plan, "op_type")?.field.name === "command";
}

function sqlCommand(view: MessageView, context: EntryContext): PlanEffect {
  const input = child(view, "input");
  if (input !== undefined) return relationEffect(input, context);
  // Clients of Spark 3 say the text beside the command.
  return relationEffect({ type: sqlTypeOf(view), bytes: view.bytes }, context);
}

/** `spark.connect.SQL`, whose first fields are those of the deprecated ones of `SqlCommand`. */
function sqlTypeOf(command: MessageView) {
  const input = command.type.fields.find(({ name }) => name === "input");
  const relation = input?.fieldKind === "message" ? input.message : undefined;
  const sql = relation?.fields.find(({ name }) => name === "sql");
  if (sql?.fieldKind !== "message") throw new Error("spark.connect.Relation has no field sql");
  return sql.message;
}

function define(
  kind: EntryKind,
  prefix: string,
  name: string,
  uses: readonly string[],
  context: EntryContext,
): Effect {
  const entry = makeEntry(defines(kind, [lastPartKey(prefix, [name])], uses), context);
  return { type: "session", entries: [entry], tables: [] };
}

/** `saveAsTable` makes a table, `insertInto` and `save` do not. */
function savedTable(view: MessageView): readonly TableChange[] {
  const table = child(view, "table");
  if (table === undefined || smallNumber(table, "save_method") === 2) return [];
  return made(text(table, "table_name"));
}

function made(written: string): readonly TableChange[] {
  const name = nameOf(written);
  return [name === undefined ? { object: "unknown" } : { object: "table", name, change: "made" }];
}

function listenerEffect(command: string | undefined): Effect {
  switch (command) {
    case "add_listener":
    case "add_listener_bus_listener":
      return { type: "pin", reason: "it listens to streaming queries" };
    case "remove_listener":
    case "remove_listener_bus_listener":
    case undefined:
      return write();
    default:
      return READ;
  }
}

function modelEffect(command: string | undefined): Effect {
  switch (command) {
    case "fit":
    case "read":
    case "create_summary":
      return { type: "pin", reason: MODEL_PIN };
    case "clean_cache":
      return { type: "unpin", reason: MODEL_PIN };
    case "write":
    case undefined:
      return write();
    default:
      return READ;
  }
}

function write(tables: readonly TableChange[] = [], pin?: string): Effect {
  return { type: "write", entries: [], tables, pin };
}

function plan(effect: Effect): PlanEffect {
  return { effect, statement: undefined };
}
