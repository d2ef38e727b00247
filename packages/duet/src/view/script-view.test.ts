import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import type { EventBody } from "@duet/engine";
import { ScriptView } from "./script-view.ts";

const span = {
  file: "train.py",
  start: { line: 1, column: 1, offset: 0 },
  end: { line: 1, column: 1, offset: 0 },
};

/** A stream that keeps what is written to it. */
class Kept extends Writable {
  readonly isTTY: boolean;
  readonly columns = 100;
  text = "";

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

async function shown(events: readonly EventBody[], { terminal = true, quiet = false } = {}): Promise<string> {
  const err = new Kept(terminal);
  const view = new ScriptView({ err, quiet });
  let time = 0;
  for (const event of events) await view.show({ ...event, run: "r", time: (time += 1_000) });
  await view.close();
  return stripVTControlCharacters(err.text);
}

const step = (number: number, title: string, more: object = {}): readonly EventBody[] => [
  { type: "step-started", step: number, engine: "spark", kind: "collect", title, span },
  {
    ...{ type: "step-finished", step: number, outcome: "succeeded", duration: 1_500, engines: {} },
    ...more,
  },
];
const finished: EventBody = {
  type: "run-finished",
  outcome: "succeeded",
  duration: 5_000,
  engines: { spark: 3_000 },
};

test("nothing is printed between the script's lines, and all is summed up at its end", async () => {
  const events = [
    ...step(0, "collect · train.py:3", { rows: 10 }),
    ...step(1, "collect · train.py:3", { rows: 5 }),
    ...step(2, "write · train.py:9", { outcome: "failed", error: "no space" }),
    { type: "note", text: "a setting is left aside" } as const,
  ];
  assert.equal(await shown(events), "");
  const lines = (await shown([...events, finished])).trimEnd().split("\n");
  assert.equal(lines[0], "", "the script's last line may be open");
  assert.match(lines[1] ?? "", /✓ spark {2}collect · train\.py:3 ×2 .*15 rows +3\.0 s/u);
  assert.match(lines[2] ?? "", /✗ spark {2}write · train\.py:9/u);
  assert.match(lines[3] ?? "", /no space/u);
  assert.match(lines[4] ?? "", /a setting is left aside/u);
  assert.match(lines[5] ?? "", /Done in 5\.0 s · Spark 3\.0 s · 3 steps/u);
  assert.equal(lines.length, 6);
});

test("what is known before anything has begun is told at once", async () => {
  const note = { type: "note", text: "classic Spark, because train.py:3 uses .rdd" } as const;
  assert.equal(await shown([{ type: "run-started", file: "x.py" }, note]), `· ${note.text}\n`);
  assert.equal(await shown([note, finished], { terminal: false }), "");
});

test("a script that uses neither engine is not commented on", async () => {
  assert.equal(await shown([{ type: "run-started", file: "x.py" }, finished]), "");
});

test("without a terminal, or quiet, there is nothing but mistakes", async () => {
  const mistake: EventBody = {
    type: "diagnostic",
    source: "",
    diagnostic: {
      code: "script-killed",
      severity: "error",
      message: "it was killed",
      span,
      suggestion: "look",
    },
  };
  const events = [...step(0, "collect"), mistake, finished];
  for (const options of [{ terminal: false }, { quiet: true }]) {
    assert.equal(await shown(events, options), "error[script-killed]: it was killed\n  = help: look\n");
  }
});

test("a mistake with a place shows its line", async () => {
  const source = "import x\nimport y\n";
  const at = {
    file: "train.py",
    start: { line: 2, column: 1, offset: 9 },
    end: { line: 2, column: 9, offset: 17 },
  };
  const diagnostic = { code: "classic-spark-needed", severity: "error", message: "m", span: at } as const;
  const text = await shown([{ type: "diagnostic", diagnostic, source }], { terminal: false });
  assert.match(text, /^train\.py:2:1: error\[classic-spark-needed\]: m\n2 \| import y\n/u);
});

test("a summary of very many kinds of steps is cut", async () => {
  const events = Array.from({ length: 30 }, (_, number) =>
    step(number, `collect · train.py:${number}`),
  ).flat();
  const lines = (await shown([...events, finished])).trimEnd().split("\n");
  assert.equal(lines.length, 23);
  assert.match(lines.at(-2) ?? "", /… 10 more lines/u);
});
