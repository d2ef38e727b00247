import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { environmentPython } from "../embedded/installation.ts";
import { duetProgram, TestHome } from "./duet-process.fixture.ts";
import { runInTerminal, type Shown } from "./terminal-run.fixture.ts";

const home = await TestHome.make();
after(() => home[Symbol.asyncDispose]());
const python = environmentPython(".venv");

/** Says that an operation runs, as the wiring does, so that no engine is needed; plain Python has nobody to tell. */
const WORK = `
import time
try:
    from duet.script.channel import send
except ImportError:
    def send(message):
        pass

def start(operation):
    send({"type": "operation-started", "operation": operation, "kind": "collect", "title": f"collect · {operation}"})

def end(operation):
    send({"type": "operation-finished", "operation": operation, "outcome": "succeeded", "rows": 5})
`;

await writeFile(join(home.path, "work.py"), WORK);

const shown = (
  command: readonly string[],
  replies: readonly (readonly [after: string, typed: string])[] = [],
): Promise<Shown> => runInTerminal(home.path, command, replies);

const duet = (...words: readonly string[]) => [process.execPath, duetProgram, "run", ...words];

const scripts: readonly (readonly [
  what: string,
  source: string,
  replies: readonly (readonly [string, string])[],
])[] = [
  [
    "lines while work runs, and a last line without its end",
    `start("a")
for line in range(40):
    print("line", line)
    time.sleep(0.03)
print("half a ", end="", flush=True)
time.sleep(0.5)
print("line", "x" * 200)
end("a")
print("open", end="")
`,
    [],
  ],
  [
    "a bar that is redrawn",
    `start("a")
for step in range(25):
    print(f"\\r{'#' * step}", end="", flush=True)
    time.sleep(0.05)
print()
end("a")
`,
    [],
  ],
  [
    "a question",
    `start("a")
time.sleep(0.8)
print("hello", input("Your name: "))
end("a")
`,
    [["Your name: ", "Ann\n"]],
  ],
  [
    "a flood",
    `start("a")\ntime.sleep(0.7)\nfor line in range(3000):\n    print("line", line)\nend("a")\n`,
    [],
  ],
];
for (const [what, source, replies] of scripts) {
  test(`a script's output on a terminal is what it is without Duet: ${what}`, async () => {
    await writeFile(join(home.path, "script.py"), `from work import *\n${source}`);
    const ours = await shown(duet("script.py"), replies);
    const theirs = await shown([python, "script.py"], replies);
    assert.deepEqual([ours.code, theirs.code], [0, 0]);
    assert.match(ours.raw, /collect · a/u);
    assert.ok(ours.raw.includes("\u001B[1;23r"), "there were rows of its own");
    assert.ok(ours.terminal.isWhole, "and they have been given back");
    const { lines } = theirs.terminal;
    assert.deepEqual(ours.terminal.lines.slice(0, lines.length), lines);
    const [empty = "", ...summary] = ours.terminal.lines.slice(lines.length);
    assert.match([empty, ...summary].join("\n"), /✓ spark {2}collect · a .*5 rows/u);
    assert.match(summary.at(-1) ?? "", /Done in .* s · Spark .* · 1 step$/u);
  });
}

test("Ctrl-C at the terminal is one KeyboardInterrupt, and the terminal is whole again", async () => {
  await writeFile(
    join(home.path, "script.py"),
    `from work import *\nstart("a")\nprint("up")\ntime.sleep(600)\n`,
  );
  const { code, terminal } = await shown(duet("script.py"), [["collect · a", "\u0003"]]);
  assert.equal(code, 130);
  assert.ok(terminal.isWhole);
  const { lines } = terminal;
  assert.equal(lines.filter((line) => line === "KeyboardInterrupt").length, 1);
  assert.match(lines.join("\n"), /■ spark {2}collect · a/u);
  assert.match(lines.at(-1) ?? "", /Cancelled after/u);
});

test("quiet, and on a simple terminal, there are no rows", async () => {
  await writeFile(
    join(home.path, "script.py"),
    `from work import *\nstart("a")\ntime.sleep(0.8)\nend("a")\nprint(1)\n`,
  );
  const { raw } = await shown(duet("-q", "script.py"));
  assert.equal(raw, "1\r\n");
  const simple = await shown(["env", "TERM=dumb", ...duet("script.py")]);
  assert.ok(!simple.raw.includes("\u001B"));
  assert.match(simple.raw, /Done in/u);
});
