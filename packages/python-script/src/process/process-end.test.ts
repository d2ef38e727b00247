import assert from "node:assert/strict";
import { test } from "node:test";
import { killedBy, shellExitCode } from "./process-end.ts";

test("exit codes are counted as a shell counts them", () => {
  assert.equal(shellExitCode({ code: 3, signal: null }), 3);
  assert.equal(shellExitCode({ code: null, signal: "SIGKILL" }), 137);
  assert.equal(shellExitCode({ code: null, signal: "SIGINT" }), 130);
});

test("a killed script says by what and what to do", () => {
  assert.match(killedBy("SIGKILL").message, /SIGKILL.*memory/u);
  assert.match(killedBy("SIGKILL").help, /journalctl/u);
  assert.match(killedBy("SIGSEGV").help, /PYTHONFAULTHANDLER/u);
  assert.match(killedBy("SIGTERM").message, /SIGTERM/u);
});
