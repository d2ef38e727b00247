import assert from "node:assert/strict";
import test from "node:test";
import { Variables } from "./variables.ts";

const options = { now: () => new Date(2026, 2, 1, 4, 5, 6, 78), home: "/home/ann", owner: "ann" };

function variables(values: Readonly<Record<string, string>> = {}): Variables {
  return new Variables(values, options);
}

test("known names are replaced, unknown ones stay as written", () => {
  const known = variables({ a: "1", "x.y": "2", 数据: "3" });
  assert.equal(known.expand("${a}-${ a }-${x.y}-${数据}-${nope}-$a-${}"), "1-1-2-3-${nope}-$a-${}");
  assert.equal(known.get("a"), "1");
  assert.equal(known.get("nope"), undefined);
  assert.deepEqual(known.unresolved("${a} ${nope} ${nope} ${no.pe}"), ["nope", "no.pe"]);
});

test("a value may name a variable that is set later", () => {
  const known = variables();
  known.set("b", "${a}/b");
  assert.deepEqual(known.unresolved("${b}"), ["a"]);
  known.set("a", "v");
  assert.equal(known.expand("${b}"), "v/b");
});

test("a value that names its own variable means its value so far", () => {
  const known = variables({ path: "/a" });
  known.set("path", "${path}/b");
  assert.equal(known.get("path"), "/a/b");
});

test("rings are found, and stay as written", () => {
  const known = variables({ a: "${b}", b: "x${c}", c: "${a}", d: "${a}" });
  assert.deepEqual(known.ring("a"), ["a", "b", "c", "a"]);
  assert.deepEqual(known.ring("d"), ["a", "b", "c", "a"]);
  assert.equal(known.expand("${d} ${a}"), "${d} ${a}");
  assert.equal(variables({ a: "${b}", b: "1" }).ring("a"), undefined);
});

test("dates, home and owner are built in", () => {
  const known = variables();
  assert.equal(
    known.expand("${theDayBeforeYesterday} ${yesterday} ${today} ${tomorrow}"),
    "2026-02-27 2026-02-28 2026-03-01 2026-03-02",
  );
  assert.equal(known.expand('${date.toString("yyyyMMdd")}'), "20260301");
  assert.equal(known.expand(`\${date.toString("yy-M-d HH:mm:ss.SSS'h'")}`), "26-3-1 04:05:06.078h");
  assert.equal(known.expand("${HOME} ${OWNER}"), "/home/ann ann");
  assert.equal(known.expand('${date.toString("QQQ")}'), '${date.toString("QQQ")}');
  assert.equal(known.has("today"), true);
});

test("a variable that is set wins over a built-in one; a default over nothing alone", () => {
  const known = variables({ today: "never" });
  known.setDefault("today", "x");
  known.setDefault("new", "y");
  assert.equal(known.expand("${today} ${new}"), "never y");
  known.unset("new");
  assert.equal(known.expand("${new}"), "${new}");
});

test("a literal value is no template", () => {
  const known = variables({ a: "1" });
  known.set("data", "${a} ${b}", { literal: true });
  assert.equal(known.expand("${data}"), "${a} ${b}");
  assert.deepEqual(known.unresolved("${data}"), []);
});

test("an expansion leads back to the user's own offsets and lines", () => {
  const known = variables({ many: "1\n2\n3", none: "" });
  const expansion = known.expandWithMap("a\nb ${many} c${none}d\ne");
  assert.equal(expansion.text, "a\nb 1\n2\n3 cd\ne");
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((line) => expansion.originalLine(line)),
    [1, 2, 2, 2, 3],
  );
  const original = (part: string): string => {
    const start = expansion.text.indexOf(part);
    return expansion.original.slice(
      expansion.originalOffset(start),
      expansion.originalEnd(start + part.length),
    );
  };
  assert.equal(original("b"), "b");
  assert.equal(original("2"), "${many}");
  assert.equal(original("3 c"), "${many} c");
  assert.equal(original("e"), "e");
  assert.equal(known.expandWithMap("plain").originalOffset(3), 3);
});
