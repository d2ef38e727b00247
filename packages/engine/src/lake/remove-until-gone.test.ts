import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { LocalLake } from "./local-lake.ts";
import { removeUntilGone } from "./remove-until-gone.ts";

test("a directory that a late writer makes anew is gone in the end", async () => {
  await using folder = await temporaryFolder();
  const lake = new LocalLake(folder.path);
  const path = lake.resolve("staging");
  const writing = (async () => {
    for (let part = 0; part < 8; part += 1) {
      await lake.writeText(`${path}/part-${part}`, "rows").catch(() => undefined);
      await setTimeout(20);
    }
  })();
  await removeUntilGone(lake, path);
  await writing;
  assert.equal(await lake.stat(path), undefined);
});
