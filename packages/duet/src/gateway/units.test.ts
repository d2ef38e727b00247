import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress, parseDuration, parseSize } from "./units.ts";

test("durations are milliseconds, and need a unit that is known", () => {
  assert.deepEqual(
    ["500ms", "30s", "1.5 min", "1h", "7d"].map(parseDuration),
    [500, 30_000, 90_000, 3_600_000, 604_800_000],
  );
  for (const text of ["30", "s", "-1s", "3 weeks", "1e3s", "10 constructor"])
    assert.equal(parseDuration(text), undefined, text);
});

test("sizes are bytes: kB counts by thousands, KiB by 1024", () => {
  assert.deepEqual(["64MiB", "8 GB", "10kB", "1KiB"].map(parseSize), [67_108_864, 8e9, 10_000, 1024]);
  for (const text of ["8", "8 gb", "GB"]) assert.equal(parseSize(text), undefined, text);
});

test("addresses have a host and a port, an IPv6 one in brackets", () => {
  assert.deepEqual(parseAddress("spark.example:15002"), { host: "spark.example", port: 15_002 });
  assert.deepEqual(parseAddress("[::1]:0"), { host: "::1", port: 0 });
  for (const text of ["host", ":1", "::1:15002", "sc://host:1", "host:70000", "a b:1"])
    assert.equal(parseAddress(text), undefined, text);
});
