import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptEnvironmentError } from "./environment/script-environment-error.ts";
import { failureOf } from "./failure.ts";
import { ScriptRefused } from "./script-refused.ts";

test("errors that people can act on are told apart from bugs", () => {
  assert.equal(failureOf(new TypeError("x is undefined")), undefined);
  assert.equal(failureOf(Object.assign(new Error("x"), { code: "ENOENT" })), undefined);
  assert.equal(failureOf("text"), undefined);
});

test("mistakes are 2, what is missing is 3, and all words are kept", () => {
  const refused = failureOf(
    new ScriptRefused("classic-spark-needed", "m", { help: "h", file: "f", line: 3 }),
  );
  assert.deepEqual([refused?.exitCode, refused?.help, refused?.file, refused?.line], [2, "h", "f", 3]);
  const environment = failureOf(new ScriptEnvironmentError({ code: "environment-invalid", message: "m" }));
  assert.equal(environment?.exitCode, 2);
  const engine = failureOf(
    Object.assign(new Error("it ended"), { code: "engine-ended", details: ["last word"] }),
  );
  assert.equal(engine?.exitCode, 3);
  assert.match(engine.message, /it ended\n.*last word/u);
});
