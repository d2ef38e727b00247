import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { type DescMessage, fromJson, type JsonObject, toBinary } from "@bufbuild/protobuf";
import { SparkConnectService } from "@duet/spark-connect/wire";
import { encodeField } from "../grpc/fields.ts";
import type { Effect } from "./call-summary.ts";
import type { JournalEntry } from "./journal-entry.ts";
import { artifactSummary, summarize } from "./summarize.ts";

const { addArtifacts, analyzePlan, config, executePlan } = SparkConnectService.method;

const SESSION = { sessionId: "7f3c1e0a-94b1-4c7e-9a52-2d6f0b1e8c33", userContext: { userId: "ada" } };

const COMMAND = messageOf(messageOf(executePlan.input, "plan"), "command");

function messageOf(type: DescMessage, name: string): DescMessage {
  const field = type.fields.find((candidate) => candidate.name === name);
  return field?.fieldKind === "message" ? field.message : assert.fail(`${type.name} has no field ${name}`);
}

/** A message out of protobuf's JSON. */
const encoded = (type: DescMessage, json: JsonObject) => Buffer.from(toBinary(type, fromJson(type, json)));
const execute = (plan: JsonObject, more: JsonObject = {}) =>
  encoded(executePlan.input, { ...SESSION, plan, ...more });
const command = (content: JsonObject) => execute({ command: content });
const query = (root: JsonObject) => execute({ root });
const sql = (text: string) => ({ sql: { query: text } });
const table = (unparsedIdentifier: string) => ({ read: { namedTable: { unparsedIdentifier } } });

/** An effect in one line. */
function told(effect: Effect): string {
  if (effect.type === "read") return "read";
  if (effect.type === "pin" || effect.type === "unpin") return `${effect.type}: ${effect.reason}`;
  const entries = effect.entries.map(
    ({ kind, removes, defines }) => `${kind} ${removes ? "-" : "+"}${defines.join(",")}`,
  );
  const tables = effect.tables.map((change) =>
    change.object === "table" ? `table ${change.change} ${change.name.join(".")}` : change.object,
  );
  return [effect.type, ...entries, ...tables].join(" ");
}

const executed = (message: Buffer) => told(summarize("ExecutePlan", message).effect);

function entriesOf(message: Buffer, method = "ExecutePlan"): readonly JournalEntry[] {
  const { effect } = summarize(method, message);
  return "entries" in effect ? effect.entries : assert.fail(`it only ${effect.type}s`);
}

describe("ExecutePlan", () => {
  test("queries read, and their text is told", () => {
    const plain = summarize("ExecutePlan", query(sql("SELECT 1")));
    assert.deepEqual(plain, { effect: { type: "read" }, statement: "SELECT 1", reattachable: false });
    assert.equal(executed(query(table("t"))), "read");
    assert.equal(executed(command({ sqlCommand: { input: sql("SELECT 1") } })), "read");
  });

  test("reattachable is what the client has asked for", () => {
    const options = { requestOptions: [{ reattachOptions: { reattachable: true } }] };
    assert.equal(summarize("ExecutePlan", execute({ root: sql("SELECT 1") }, options)).reattachable, true);
  });

  test("SQL commands are found however deep they are, in either form, with the words of what they are given", () => {
    const view = sql("CREATE TEMP VIEW v AS SELECT * FROM source");
    const shown = query({ showString: { input: { limit: { input: view, limit: 1 } } } });
    assert.equal(executed(shown), "session view +view:v");
    const dropped = command({ sqlCommand: { sql: "DROP TEMPORARY FUNCTION f" } });
    assert.equal(executed(dropped), "session function -function:f");
    const references = [{ subqueryAlias: { alias: "given", input: table("orders") } }];
    const given = { withRelations: { root: sql("CREATE TEMP VIEW v AS SELECT * FROM given"), references } };
    const [entry] = entriesOf(command({ sqlCommand: { input: given } }));
    assert.ok(entry?.uses.includes("orders"));
  });

  test("names in SQL may be parameters", () => {
    const literal = { literal: { string: "w" } };
    const named = { query: "CREATE TEMP VIEW IDENTIFIER(:v) AS SELECT 1", namedArguments: { v: literal } };
    assert.equal(executed(query({ sql: named })), "session view +view:w");
    const placed = { query: "CREATE TEMP VIEW IDENTIFIER(?) AS SELECT 1", posArguments: [literal] };
    assert.equal(executed(query({ sql: placed })), "session view +view:w");
  });

  test("the entry of a plain command is the request as it was sent", () => {
    const message = command({ createDataframeView: { name: "v", replace: true, input: table("d.orders") } });
    assert.deepEqual(entriesOf(message), [
      {
        kind: "view",
        defines: ["view:v"],
        removes: false,
        uses: ["d", "orders"],
        method: "ExecutePlan",
        messages: [message],
      },
    ]);
  });

  test("each command has its effect", () => {
    const models = "it has machine learning models on its driver";
    const effects: readonly (readonly [JsonObject, string])[] = [
      [{ createDataframeView: { name: "v", isGlobal: true } }, "session view +global-view:v"],
      [{ registerFunction: { functionName: "f" } }, "session function +function:f"],
      [{ registerTableFunction: { functionName: "f" } }, "session function +function:f"],
      [{ registerDataSource: { name: "s" } }, "session function +data-source:s"],
      [{ sqlCommand: { input: sql("CLEAR CACHE") } }, "session persist -persist:*"],
      [{ writeOperation: { path: "/x" } }, "write"],
      [
        { writeOperation: { table: { tableName: "d.t", saveMethod: "TABLE_SAVE_METHOD_SAVE_AS_TABLE" } } },
        "write table made d.t",
      ],
      [
        { writeOperation: { table: { tableName: "t", saveMethod: "TABLE_SAVE_METHOD_INSERT_INTO" } } },
        "write",
      ],
      [{ writeOperationV2: { tableName: "t", mode: "MODE_CREATE_OR_REPLACE" } }, "write table made t"],
      [{ writeOperationV2: { tableName: "t", mode: "MODE_APPEND" } }, "write"],
      [{ mergeIntoTableCommand: { targetTableName: "t" } }, "write"],
      [{ executeExternalCommand: { runner: "r" } }, "write"],
      [{ getResourcesCommand: {} }, "read"],
      [{ removeCachedRemoteRelationCommand: {} }, "read"],
      [{ writeStreamOperationStart: {} }, "pin: it has started a streaming query"],
      [{ streamingQueryCommand: { lastProgress: true } }, "read"],
      [{ streamingQueryCommand: { stop: true } }, "write"],
      [{ streamingQueryManagerCommand: { active: true } }, "read"],
      [{ streamingQueryManagerCommand: { addListener: {} } }, "pin: it listens to streaming queries"],
      [
        { streamingQueryListenerBusCommand: { addListenerBusListener: true } },
        "pin: it listens to streaming queries",
      ],
      [{ createResourceProfileCommand: {} }, "pin: it has made a resource profile"],
      [{ checkpointCommand: { relation: table("t") } }, "pin: it has made a checkpoint"],
      [{ mlCommand: { fit: {} } }, `pin: ${models}`],
      [{ mlCommand: { read: { path: "/x" } } }, `pin: ${models}`],
      [{ mlCommand: { fetch: {} } }, "read"],
      [{ mlCommand: { write: {} } }, "write"],
      [{ mlCommand: { cleanCache: {} } }, `unpin: ${models}`],
      [{ pipelineCommand: {} }, "pin: it has made a declarative pipeline"],
    ];
    for (const [content, effect] of effects) {
      assert.equal(executed(command(content)), effect, JSON.stringify(content));
    }
    // So that a command that Spark adds is thought about.
    const tried = new Set(effects.flatMap(([content]) => Object.keys(content)));
    const known = COMMAND.fields.map(({ localName }) => localName);
    assert.deepEqual(
      known.filter((name) => !tried.has(name)),
      ["extension"],
    );
  });

  test("what a server's extension adds may do anything, but not within a view", () => {
    const extension = encodeField(999, Buffer.from("\n\u0001x"));
    const inCommand = encodeField(3, encodeField(2, extension));
    assert.equal(executed(inCommand), "write");
    const relation = encodeField(998, Buffer.from("\n\u0001x"));
    const limit = encodeField(3, encodeField(1, encodeField(8, encodeField(1, relation))));
    assert.equal(executed(limit), "write");
    const view = Buffer.concat([encodeField(1, relation), encodeField(2, Buffer.from("v"))]);
    assert.equal(executed(encodeField(3, encodeField(2, encodeField(3, view)))), "session view +view:v");
  });

  test("a command that the gateway does not know is a write, after which the session stays where it is", () => {
    const pinOf = (message: Buffer) => {
      const { effect } = summarize("ExecutePlan", message);
      return effect.type === "write" ? effect.pin : assert.fail(`it is a ${effect.type}`);
    };
    assert.match(pinOf(command({})) ?? "", /a command that the gateway does not know/u);
    assert.match(pinOf(query({ catalog: {} })) ?? "", /in a way that the gateway does not know/u);
  });

  test("calls of the catalogue have their effects", () => {
    const effects: readonly (readonly [JsonObject, string])[] = [
      [{ listTables: {} }, "read"],
      [{ tableExists: { tableName: "t" } }, "read"],
      [{ refreshTable: { tableName: "t" } }, "read"],
      [{ setCurrentDatabase: { dbName: "d" } }, "session catalog +catalog:database"],
      [{ setCurrentCatalog: { catalogName: "c" } }, "session catalog +catalog:catalog,catalog:database"],
      [{ dropTempView: { viewName: "a b" } }, "session view -view:`a b`"],
      [{ dropGlobalTempView: { viewName: "g" } }, "session view -global-view:g"],
      [{ cacheTable: { tableName: "d.t" } }, "session persist +persist:d.t"],
      [{ uncacheTable: { tableName: "d.t" } }, "session persist -persist:d.t"],
      [{ clearCache: {} }, "session persist -persist:*"],
      [{ createTable: { tableName: "d.t" } }, "write table made d.t"],
      [{ createExternalTable: { tableName: "t" } }, "write table made t"],
      [{ dropTable: { tableName: "t" } }, "write table removed t temporary view"],
      [{ dropView: { viewName: "v" } }, "write view -if-present view:v table removed v"],
      [{ createDatabase: { dbName: "d" } }, "write definition"],
      [{ dropDatabase: { dbName: "d" } }, "write definition"],
      [{ recoverPartitions: { tableName: "t" } }, "write"],
      [{ truncateTable: { tableName: "t" } }, "write"],
      [{ analyzeTable: { tableName: "t" } }, "write"],
    ];
    for (const [catalog, effect] of effects) {
      assert.equal(executed(query({ catalog })), effect, JSON.stringify(catalog));
    }
  });

  test("plans that are compressed are read", () => {
    const data = zstdCompressSync(
      encoded(COMMAND, { sqlCommand: { input: sql("DROP TEMPORARY FUNCTION f") } }),
    );
    const compressed = (bytes: Buffer) =>
      execute({
        compressedOperation: {
          data: bytes.toString("base64"),
          opType: "OP_TYPE_COMMAND",
          compressionCodec: "COMPRESSION_CODEC_ZSTD",
        },
      });
    assert.equal(executed(compressed(data)), "session function -function:f");
    assert.equal(executed(compressed(data.subarray(0, 9))), "write");
  });

  test("what cannot be read is a write, and breaks nothing", () => {
    const message = command({ createDataframeView: { name: "v", input: table("d.orders") } });
    assert.equal(executed(message.subarray(0, message.length - 3)), "write");
    assert.equal(executed(Buffer.from("no message")), "write");
  });
});

describe("other calls", () => {
  test("settings that are set or unset change the session, others read", () => {
    const configured = (operation: JsonObject) =>
      told(summarize("Config", encoded(config.input, { ...SESSION, operation })).effect);
    const pairs = [{ key: "Spark.a", value: "1" }, { key: "b" }];
    assert.equal(configured({ set: { pairs } }), "session config +config:Spark.a,config:b");
    assert.equal(configured({ unset: { keys: ["a"] } }), "session config +config:a");
    assert.equal(configured({ getWithDefault: { pairs } }), "read");
  });

  test("what is persisted is known by its plan; commands that are only analysed do nothing", () => {
    const analyzed = (analyze: JsonObject) => encoded(analyzePlan.input, { ...SESSION, ...analyze });
    const [persisted] = entriesOf(analyzed({ persist: { relation: table("t") } }), "AnalyzePlan");
    const [unpersisted] = entriesOf(analyzed({ unpersist: { relation: table("t") } }), "AnalyzePlan");
    assert.deepEqual(persisted?.defines, unpersisted?.defines);
    assert.deepEqual([persisted?.removes, unpersisted?.removes], [false, true]);
    const effect = (analyze: JsonObject) => told(summarize("AnalyzePlan", analyzed(analyze)).effect);
    assert.equal(effect({ schema: { plan: { root: sql("SELECT 1") } } }), "read");
    assert.equal(effect({ schema: { plan: { root: sql("INSERT INTO t SELECT 1") } } }), "read");
    assert.equal(effect({ sparkVersion: {} }), "read");
  });

  test("artifacts are known by name and content, in one message or in many", () => {
    const message = (payload: JsonObject) => encoded(addArtifacts.input, { ...SESSION, ...payload });
    const data = (text: string) => ({ data: Buffer.from(text).toString("base64") });
    const whole = [message({ batch: { artifacts: [{ name: "files/a", data: data("content") }] } })];
    const chunks = [
      message({ beginChunk: { name: "files/a", initialChunk: data("con") } }),
      message({ chunk: data("tent") }),
    ];
    const [one, other] = [whole, chunks].map((messages) => {
      const { effect } = artifactSummary(messages);
      return "entries" in effect ? effect.entries[0] : undefined;
    });
    assert.deepEqual(one?.defines, other?.defines);
    assert.match(one?.defines[0] ?? "", /^artifact:files\/a#[0-9a-f]{32}$/u);
    assert.deepEqual(other?.messages, chunks);
    const copied = message({ batch: { artifacts: [{ name: "forward_to_fs/a", data: data("content") }] } });
    assert.equal(told(artifactSummary([copied]).effect), "write");
  });

  test("all else reads", () => {
    for (const method of ["Interrupt", "ArtifactStatus", "FetchErrorDetails", "ReleaseSession"]) {
      assert.equal(summarize(method, Buffer.alloc(0)).effect.type, "read");
    }
  });
});
