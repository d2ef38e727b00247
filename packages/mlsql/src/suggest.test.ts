import assert from "node:assert/strict";
import test from "node:test";
import { suggestName } from "./suggest.ts";

test("the nearest name within a third of its letters", () => {
  assert.equal(suggestName("slect", ["set", "select", "load"]), "select");
  assert.equal(suggestName("keepversion", ["keepVersion", "modelVersion"]), "keepVersion");
  assert.equal(suggestName("table1", ["table2", "table11"]), "table2");
});

test("nothing where nothing is near", () => {
  assert.equal(suggestName("foo", ["select", "load"]), undefined);
  assert.equal(suggestName("a", ["b", "c"]), undefined);
  assert.equal(suggestName("same", ["same"]), undefined);
  assert.equal(suggestName("x", []), undefined);
});
