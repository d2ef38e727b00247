import assert from "node:assert/strict";
import { test } from "node:test";
import type { DriverReport } from "@duet/gateway/admin";
import picocolors from "picocolors";
import { driversText } from "./drivers-text.ts";
import { textWidth } from "./text-width.ts";

const plain = picocolors.createColors(false);

const DRIVER: DriverReport = {
  ...{ id: "sail-1", state: "ready", version: "4.2.0", pool: "default", sessions: 3, capacity: 100 },
  ...{ operations: 1, because: [] },
};

test("drivers stand below each other, numbers to the right, with the reason last", () => {
  const lost: DriverReport = {
    ...DRIVER,
    ...{
      id: "b",
      state: "lost",
      version: undefined,
      pool: "big",
      sessions: 0,
      capacity: 1_000,
      operations: 0,
    },
    because: ["its process has ended (SIGKILL)", "1 session cannot be moved: a checkpoint"],
  };
  assert.deepEqual(driversText({ url: "sc://x:1", drivers: [DRIVER, lost] }, 200, plain).split("\n"), [
    "DRIVER  STATE  VERSION  POOL     SESSIONS  OPERATIONS  WHY",
    "sail-1  ready  4.2.0    default     3/100           1",
    "b       lost   -        big       0/1,000           0  its process has ended (SIGKILL); 1 session c…",
  ]);
});

test("a table is never wider than 100 columns or the terminal, whatever drivers are called and say", () => {
  const wide: DriverReport = {
    ...DRIVER,
    ...{ id: "驱动".repeat(40), pool: "p".repeat(60), version: "9".repeat(50), capacity: 1_000_000 },
    because: ["reason ".repeat(40)],
  };
  for (const width of [80, 100, 250])
    for (const line of driversText({ url: "", drivers: [wide] }, width, plain).split("\n"))
      assert.ok(textWidth(line) <= Math.min(width, 100), line);
});

test("nothing that a driver says reaches the terminal as a command", () => {
  const text = driversText({ url: "", drivers: [{ ...DRIVER, because: ["\u001B[2J\nboom"] }] }, 100, plain);
  assert.equal(text.split("\n").length, 2);
  assert.ok(!text.includes("\u001B"));
});
