import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";
import { inOrder, reversed } from "./in-order.ts";

const ITEMS = [
  { name: "driver", after: ["node", "metastore"] },
  { name: "node", after: ["manager"] },
  { name: "manager", after: [] },
  { name: "metastore", after: ["database"] },
  { name: "database", after: [] },
];

test("each begins when those before it are done, whatever the list's order", async () => {
  const done: string[] = [];
  await inOrder(ITEMS, async ({ name, after }) => {
    for (const other of after) assert.ok(done.includes(other), `${name} before ${other}`);
    await turn();
    done.push(name);
  });
  assert.deepEqual(new Set(done), new Set(ITEMS.map(({ name }) => name)));
});

test("those that do not wait for each other are worked on at the same time", async () => {
  const both = Promise.withResolvers<undefined>();
  const begun: string[] = [];
  await inOrder(
    [
      { name: "one", after: [] },
      { name: "other", after: [] },
    ],
    async ({ name }) => {
      begun.push(name);
      if (begun.length === 2) both.resolve(undefined);
      await both.promise;
    },
  );
  assert.equal(begun.length, 2);
});

test("after a failure nothing more begins, what has begun is waited for, and the first failure is told", async () => {
  const worked: string[] = [];
  let ended = false;
  const failing = inOrder(ITEMS, async ({ name }) => {
    worked.push(name);
    if (name === "database") throw new Error("no room");
    await turn();
    ended = true;
  });
  await assert.rejects(failing, /no room/u);
  assert.equal(ended, true);
  assert.equal(worked.includes("driver"), false);
  assert.equal(worked.includes("metastore"), false);
});

test("the other way round, each comes after those that needed it", () => {
  const back = Object.fromEntries(reversed(ITEMS).map(({ name, after }) => [name, after]));
  assert.deepEqual(back, {
    driver: [],
    node: ["driver"],
    manager: ["node"],
    metastore: ["driver"],
    database: ["metastore"],
  });
});

test("what waits for itself or for something unknown is refused", async () => {
  const work = () => Promise.resolve();
  await assert.rejects(inOrder([{ name: "a", after: ["b"] }], work), /a comes after b, which is not there/u);
  const circle = [
    { name: "a", after: ["b"] },
    { name: "b", after: ["a"] },
  ];
  await assert.rejects(inOrder(circle, work), /a → b → a is a circle/u);
});
