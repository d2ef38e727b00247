import assert from "node:assert/strict";
import { test } from "node:test";
import { formatBytes, formatDuration, plural } from "./format.ts";

test("durations are as exact as a person wants them", () => {
  const cases: readonly (readonly [number, string])[] = [
    [4, "0.00 s"],
    [41, "0.04 s"],
    [2_345, "2.3 s"],
    [75_400, "75 s"],
    [200_000, "3 min 20 s"],
    [119_600, "120 s"],
    [3_599_700, "60 min 0 s"],
  ];
  for (const [milliseconds, text] of cases) assert.equal(formatDuration(milliseconds), text);
});

test("bytes and counts", () => {
  assert.deepEqual([812, 1_500, 1_500_000, 234_000_000].map(formatBytes), [
    "812 B",
    "1.5 kB",
    "1.5 MB",
    "234 MB",
  ]);
  assert.deepEqual(
    [plural(0, "row"), plural(1, "row"), plural(100_000, "row")],
    ["0 rows", "1 row", "100,000 rows"],
  );
});
