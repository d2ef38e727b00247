/** Sets up what is missing and runs the main job on the embedded engines: `npm run demo`. */
import { runHere } from "./lib/command.mjs";
import { requireNode24 } from "./lib/node24.mjs";
import { inRoot } from "./lib/paths.mjs";
import { main, setUp } from "./setup.mjs";

await main(async () => {
  await setUp();
  return runHere(requireNode24(), [
    inRoot("packages/duet/bin/duet.mjs"),
    "run",
    inRoot("examples/demo.mlsql"),
    ...process.argv.slice(2),
  ]);
});
