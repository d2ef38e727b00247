import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { SparkConnectService } from "@duet/spark-connect/wire";
import type { TableChange } from "./call-summary.ts";
import type { TextRow } from "./driver-question.ts";
import type { JournalEntry } from "./journal-entry.ts";
import { sqlRequest } from "./sql-request.ts";
import { type ChangedDriver, tableEntries } from "./table-entries.ts";

type Answers = Readonly<Record<string, readonly TextRow[] | Error>>;

const PLACE = { "SELECT current_catalog(), current_database()": [["spark_catalog", "shop"]] };

/** A driver that answers these questions, and no others. */
function driver(answers: Answers, more: Partial<ChangedDriver> = {}): ChangedDriver {
  const known: Answers = { ...PLACE, ...answers };
  return {
    catalog: "session",
    workingFolder: "/work",
    ask: (sql) => {
      const answer = known[sql] ?? new Error(`nobody expected the question ${sql}`);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    ...more,
  };
}

function sqlOf({ messages: [message] }: JournalEntry): string | undefined {
  if (message === undefined) return undefined;
  const { plan } = fromBinary(SparkConnectService.method.executePlan.input, message);
  const command = plan?.opType.case === "command" ? plan.opType.value.commandType : undefined;
  const relation = command?.case === "sqlCommand" ? command.value.input?.relType : undefined;
  return relation?.case === "sql" ? relation.value.query : undefined;
}

/** What is recorded, each entry as its keys and its statement. */
async function recorded(change: TableChange, at: ChangedDriver) {
  const { entries, pins } = await tableEntries([change], at);
  return { entries: entries.map((entry) => [entry.defines.join(","), sqlOf(entry)]), pins };
}

const made = (...name: readonly string[]): TableChange => ({ object: "table", name, change: "made" });

const PLAIN: readonly TextRow[] = [
  ["a", "int", "it's"],
  ["b", "struct<c:string>", null],
  ["", "", null],
  ["# Detailed Table Information", "", null],
  ["Database", "shop", null],
  ["Type", "MANAGED", null],
  ["Provider", "parquet", null],
  ["Location", "spark-warehouse/t-1", null],
];

const PARTITIONED: readonly TextRow[] = [
  ["a", "int", null],
  ["p", "string", null],
  ["# Partition Information", "", ""],
  ["# col_name", "data_type", "comment"],
  ["p", "string", null],
  ["", "", ""],
  ["# Detailed Table Information", "", ""],
  ["Type", "MANAGED", ""],
  ["Provider", "csv", ""],
  ["Location", "file:/data/t", ""],
  ["Storage Properties", "[header=true, delimiter=;]", ""],
  ["Partition Provider", "Catalog", ""],
];

describe("tableEntries", () => {
  test("a table is made known over its data, at a place that other drivers find", async () => {
    const answers = { "DESCRIBE TABLE EXTENDED `shop`.`t`": PLAIN };
    assert.deepEqual(await recorded(made("t"), driver(answers)), {
      entries: [
        [
          "table:shop.t",
          "CREATE TABLE IF NOT EXISTS `shop`.`t` (`a` int COMMENT 'it\\'s', `b` struct<c:string>) " +
            "USING parquet LOCATION '/work/spark-warehouse/t-1'",
        ],
      ],
      pins: [],
    });
    const elsewhere = await recorded(made("t"), driver(answers, { workingFolder: undefined }));
    assert.deepEqual(elsewhere.entries, []);
    assert.match(elsewhere.pins.join(), /shop\.t lies at spark-warehouse\/t-1/u);
  });

  test("partitions that a catalogue lists are found again", async () => {
    const answers = { "DESCRIBE TABLE EXTENDED `d`.`t`": PARTITIONED };
    const { entries } = await recorded(made("spark_catalog", "d", "t"), driver(answers));
    assert.deepEqual(entries, [
      [
        "table:d.t",
        "CREATE TABLE IF NOT EXISTS `d`.`t` (`a` int, `p` string) USING csv " +
          "OPTIONS ('header' = 'true', 'delimiter' = ';') PARTITIONED BY (`p`) LOCATION 'file:/data/t'",
      ],
      ["partitions:d.t", "MSCK REPAIR TABLE `d`.`t`"],
    ]);
  });

  test("a table with a log beside its data is not told its columns, and may be altered", async () => {
    const delta = PLAIN.map(([key = null, value = null]) => [key, key === "Provider" ? "delta" : value]);
    const at = driver({ "DESCRIBE TABLE EXTENDED `shop`.`t`": delta });
    const { entries } = await recorded(made("t"), at);
    assert.equal(
      entries[0]?.[1],
      "CREATE TABLE IF NOT EXISTS `shop`.`t` USING delta LOCATION '/work/spark-warehouse/t-1'",
    );
    const altered: TableChange = { object: "table", name: ["t"], change: "altered" };
    assert.deepEqual(await recorded(altered, at), { entries: [], pins: [] });
    const other = await recorded(altered, driver({ "DESCRIBE TABLE EXTENDED `shop`.`t`": PLAIN }));
    assert.match(other.pins.join(), /altered the table shop\.t/u);
  });

  test("a table that is gone goes, but never another session's of the same name; a view that hid it did not", async () => {
    const removed: TableChange = { object: "table", name: ["t"], change: "removed" };
    const gone = { "DESCRIBE TABLE EXTENDED `shop`.`t`": new Error("[TABLE_OR_VIEW_NOT_FOUND] no") };
    assert.deepEqual(await recorded(removed, driver(gone)), {
      entries: [["table:shop.t", "DROP TABLE IF EXISTS `shop`.`t`"]],
      pins: [],
    });
    assert.deepEqual(await recorded(removed, driver(gone, { catalog: "driver" })), {
      entries: [["table:shop.t", undefined]],
      pins: [],
    });
    assert.deepEqual(await recorded(removed, driver({ "DESCRIBE TABLE EXTENDED `shop`.`t`": PLAIN })), {
      entries: [],
      pins: [],
    });
  });

  test("a temporary view goes with DROP TABLE on Spark, whatever its catalogue, and stays on Sail", async () => {
    const entry = { kind: "view", defines: ["if-present view:t"], removes: true, uses: [] } as const;
    const change: TableChange = {
      object: "temporary view",
      entry: { ...entry, method: "ExecutePlan", messages: [sqlRequest("DROP TABLE t")] },
    };
    const gone = { entries: [["if-present view:t", "DROP TABLE t"]], pins: [] };
    assert.deepEqual(await recorded(change, driver({}, { catalog: "driver" })), gone);
    assert.deepEqual(await recorded(change, driver({}, { catalog: "shared" })), gone);
    assert.deepEqual(await recorded(change, driver({})), { entries: [], pins: [] });
  });

  test("a catalogue that drivers share, or another than the driver's own, needs nothing", async () => {
    assert.deepEqual(await recorded(made("t"), driver({}, { catalog: "shared" })), { entries: [], pins: [] });
    assert.deepEqual(await recorded(made("lake", "d", "t"), driver({})), { entries: [], pins: [] });
  });

  test("the catalogue and database that were chosen are recorded as they are then", async () => {
    assert.deepEqual(await recorded({ object: "current" }, driver({}, { catalog: "shared" })), {
      entries: [
        ["catalog:catalog,catalog:database", "SET CATALOG `spark_catalog`"],
        ["catalog:database", "USE DATABASE shop"],
      ],
      pins: [],
    });
  });

  test("a variable is recorded by its value, where its type can be written", async () => {
    const variable = (name: string, declared: boolean): TableChange => ({
      object: "variable",
      name: ["session", name],
      declared,
    });
    const at = driver({
      "SELECT typeof(`x`)": [["decimal(10,2)"]],
      "SELECT CAST(`x` AS STRING)": [["1.50"]],
      "SELECT typeof(`t`)": [["timestamp"]],
      "SELECT CAST(unix_micros(`t`) AS STRING)": [["12"]],
      "SELECT typeof(`s`)": [["string"]],
      "SELECT `s`": [[null]],
      "SELECT typeof(`a`)": [["array<int>"]],
    });
    const statement = async (name: string, declared = false) =>
      (await recorded(variable(name, declared), at)).entries;
    assert.deepEqual(await statement("x"), [["value:x", "SET VARIABLE `x` = CAST('1.50' AS decimal(10,2))"]]);
    assert.deepEqual(await statement("t", true), [
      ["variable:t,value:t", "DECLARE OR REPLACE VARIABLE `t` DEFAULT timestamp_micros(12)"],
    ]);
    assert.deepEqual(await statement("s"), [["value:s", "SET VARIABLE `s` = CAST(NULL AS string)"]]);
    const { entries, pins } = await recorded(variable("a", false), at);
    assert.deepEqual(entries, []);
    assert.match(pins.join(), /variable a cannot be written/u);
  });

  test("a driver's mistake is not taken for a table that is gone", async () => {
    const at = driver({ "DESCRIBE TABLE EXTENDED `shop`.`t`": new Error("out of memory") });
    await assert.rejects(recorded(made("t"), at), /out of memory/u);
  });
});
