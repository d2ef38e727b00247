import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventBody } from "@duet/engine";
import type { RayEnvironmentEvent } from "@duet/ray";
import { ScriptEvents } from "./script-events.ts";

const change = (
  environment: string,
  state: RayEnvironmentEvent["state"],
  text: string,
  time: number,
): RayEnvironmentEvent => ({ type: "environment", environment, state, text, time });

test("an environment of a task is a step of Ray, its lines are its status, and its end is told", () => {
  const told: EventBody[] = [];
  const events = new ScriptEvents("train.py", (event) => told.push(event));
  events.rayEnvironment(change("uv://1", "building", "Building with six", 1_000));
  events.rayEnvironment(change("pip://2", "building", "Building with none", 1_100));
  events.rayEnvironment(change("uv://1", "building", "Resolved 3 packages", 1_200));
  events.rayEnvironment(change("uv://1", "ready", "3 packages", 1_500));
  events.rayEnvironment(change("pip://2", "failed", "there is no such package", 1_600));
  events.rayEnvironment(change("uv://3", "building", "Building with much", 1_700));
  events.end(2_000);
  const started = told.filter((event) => event.type === "step-started");
  assert.deepEqual(
    started.map(({ step, engine, kind, title }) => [step, engine, kind, title]),
    [
      [0, "ray", "environment", "Building with six"],
      [1, "ray", "environment", "Building with none"],
      [2, "ray", "environment", "Building with much"],
    ],
  );
  const statuses = told.filter((event) => event.type === "step-status" && event.step === 0);
  assert.deepEqual(
    statuses.map((event) => event.type === "step-status" && event.status),
    ["Building with six", "Resolved 3 packages"],
  );
  const finished = told.filter((event) => event.type === "step-finished");
  assert.deepEqual(
    finished.map(({ step, outcome, duration, error }) => [step, outcome, duration, error]),
    [
      [0, "succeeded", 500, undefined],
      [1, "failed", 500, "there is no such package"],
      [2, "cancelled", 300, undefined],
    ],
  );
});
