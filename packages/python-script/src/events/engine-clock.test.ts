import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineClock } from "./engine-clock.ts";

test("overlapping work counts once, work one after the other is added", () => {
  const clock = new EngineClock();
  clock.begin("spark", 100);
  clock.begin("spark", 150);
  clock.end("spark", 200);
  clock.end("spark", 300);
  clock.begin("spark", 400);
  clock.end("spark", 450);
  clock.begin("ray", 0);
  clock.end("ray", 10);
  assert.deepEqual(clock.times, { spark: 250, ray: 10 });
});

test("times that come late are not counted twice", () => {
  const clock = new EngineClock();
  clock.begin("ray", 100);
  clock.end("ray", 200);
  clock.begin("ray", 150);
  clock.end("ray", 250);
  clock.end("ray", 300);
  assert.deepEqual(clock.times, { ray: 150 });
});
