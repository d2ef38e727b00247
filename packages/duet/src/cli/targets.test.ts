import assert from "node:assert/strict";
import { test } from "node:test";
import {
  parseCount,
  parseRayTarget,
  parseScriptSpark,
  parseSparkTarget,
  parseVariable,
  readSize,
} from "./targets.ts";
import { UsageError } from "./usage-error.ts";

test("--spark", () => {
  assert.deepEqual(parseSparkTarget("sail"), { kind: "sail" });
  assert.deepEqual(parseSparkTarget("sc://host:15002"), { kind: "remote", url: "sc://host:15002" });
  for (const wrong of ["", "spark", "http://host", "sc://"])
    assert.throws(() => parseSparkTarget(wrong), UsageError);
});

test("classic is for Python scripts alone", () => {
  assert.deepEqual(parseScriptSpark("classic"), { kind: "classic" });
  assert.deepEqual(parseScriptSpark("apache"), { kind: "apache" });
  assert.throws(() => parseSparkTarget("classic"), /Python scripts/u);
  assert.throws(() => parseScriptSpark("spark"), UsageError);
});

test("--ray needs a token for a bridge elsewhere", () => {
  assert.deepEqual(parseRayTarget("local", {}), { kind: "local" });
  const target = parseRayTarget("http://host:1/", { DUET_RAY_TOKEN: "secret" });
  assert.deepEqual(target, { kind: "remote", url: "http://host:1", token: "secret" });
  assert.throws(() => parseRayTarget("http://host:1", {}), /needs a token/u);
  assert.throws(() => parseRayTarget("ray://host:1", { DUET_RAY_TOKEN: "secret" }), UsageError);
});

test("--set keeps everything after the first equals sign", () => {
  assert.deepEqual(parseVariable("where=a=b\nc"), ["where", "a=b\nc"]);
  assert.deepEqual(parseVariable("empty="), ["empty", ""]);
  for (const wrong of ["name", "=value", "two words=1"])
    assert.throws(() => parseVariable(wrong), UsageError);
});

test("counts are whole numbers", () => {
  assert.equal(parseCount("--gpus", "0", 0), 0);
  for (const wrong of ["-1", "1.5", "two", "", "1e3"])
    assert.throws(() => parseCount("--gpus", wrong, 0), UsageError);
  assert.throws(() => parseCount("--cpus", "0", 1), UsageError);
});

test("custom resources are names and amounts, as Ray takes them", () => {
  assert.deepEqual(readSize({ gpus: "1", resources: '{"tpu":4,"half":0.5}' }), {
    gpus: 1,
    resources: { tpu: 4, half: 0.5 },
  });
  for (const wrong of ["tpu=4", "[1]", "4", '{"tpu":"4"}', '{"tpu":0}', '{"":1}', '{"GPU":1}', "null"]) {
    assert.throws(() => readSize({ resources: wrong }), UsageError, wrong);
  }
});
