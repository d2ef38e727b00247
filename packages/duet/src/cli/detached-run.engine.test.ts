import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { TestHome } from "./duet-process.fixture.ts";

const home = await TestHome.make();
after(() => home[Symbol.asyncDispose]());

before(async () => {
  await writeFile(
    join(home.path, "both.py"),
    "import sys, os\nprint('out', sys.argv[1:], 'DUET_BACKGROUND_RUN' in os.environ)\nprint('err', file=sys.stderr)\nsys.exit(4)\n",
  );
  await writeFile(
    join(home.path, "slow.py"),
    "import time\ntry:\n    print('begun', flush=True)\n    time.sleep(300)\nexcept KeyboardInterrupt:\n    print('cleaned up')\n    raise\n",
  );
});

test("a run in the background keeps its output apart, and its exit code", async () => {
  const detached = await home.run(["run", "-d", "both.py", "-d", "x"]);
  assert.equal(detached.code, 0, detached.stderr);
  const id = detached.stdout.trim();
  const logs = await home.run(["logs", "-f", id]);
  assert.deepEqual([logs.stdout, logs.stderr, logs.code], ["out ['-d', 'x'] False\n", "err\n", 4]);
  const list = await home.run(["runs"]);
  assert.match(list.stdout, new RegExp(`${id} +failed .* embedded +both\\.py -d x`, "u"));
});

test("it is followed and stopped from another terminal", async () => {
  const id = (await home.run(["run", "-d", "slow.py"])).stdout.trim();
  const followed = home.start(["logs", "-f", "last"]);
  await followed.until("begun");
  const stopped = await home.run(["stop", id]);
  assert.deepEqual([stopped.stdout, stopped.code], [`${id} has been stopped\n`, 0]);
  const logs = await followed.result;
  assert.equal(logs.stdout, "begun\ncleaned up\n");
  assert.match(logs.stderr, /KeyboardInterrupt\n$/u);
  assert.equal(logs.code, 130);
  assert.match((await home.run(["stop", id])).stdout, /had ended already: cancelled/u);
  assert.deepEqual(await home.runDirectories(), []);
});

test("a run in a terminal is listed, and its output is said not to be kept", async () => {
  assert.equal((await home.run(["run", "both.py"])).code, 4);
  const logs = await home.run(["logs", "last"]);
  assert.equal(logs.code, 2);
  assert.match(logs.stderr, /its output is not kept\n.*duet run -d/u);
});
