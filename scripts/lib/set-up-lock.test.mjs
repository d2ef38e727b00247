import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { inRoot } from "./paths.mjs";

// The lock belongs to a checkout: the test has one of its own.
const checkout = mkdtempSync(join(tmpdir(), "duet-lock-"));
mkdirSync(join(checkout, "scripts"));
cpSync(inRoot("scripts/lib"), join(checkout, "scripts/lib"), { recursive: true });
after(() => rmSync(checkout, { recursive: true }));

const program = `
import { holdLock, releaseLock } from "./scripts/lib/set-up-lock.mjs";
await holdLock((pid) => console.log("waits for " + pid));
console.log("in");
await new Promise((resolve) => setTimeout(resolve, Number(process.argv[1])));
console.log("out");
releaseLock();
`;

function start(milliseconds) {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, String(milliseconds)], {
    cwd: checkout,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (printed += text));
  return { child, ended: once(child, "close").then(() => printed.trim().split("\n")) };
}

test("the second waits for the first, and says for whom", async () => {
  const first = start(600);
  await once(first.child.stdout, "data");
  const second = start(0);
  assert.deepEqual(await first.ended, ["in", "out"]);
  assert.deepEqual(await second.ended, [`waits for ${first.child.pid}`, "in", "out"]);
});

test("the lock of a killed set-up holds nobody up", async () => {
  const killed = start(60_000);
  await once(killed.child.stdout, "data");
  killed.child.kill("SIGKILL");
  await killed.ended;
  assert.deepEqual(await start(0).ended, ["in", "out"]);
});

test("the lock of a process whose id another has now holds nobody up", async () => {
  writeFileSync(join(checkout, ".setup/lock"), JSON.stringify({ pid: process.pid, start: "1" }));
  assert.deepEqual(await start(0).ended, ["in", "out"]);
});
