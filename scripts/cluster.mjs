/** The YARN cluster on this machine: `npm run cluster -- up | down | status | test`. Sets up what is missing first. */
import { runHere } from "./lib/command.mjs";
import { requireNode24 } from "./lib/node24.mjs";
import { inRoot } from "./lib/paths.mjs";
import { main, setUp } from "./setup.mjs";

await main(async () => {
  const words = process.argv.slice(2);
  if (words.includes("up") || words.includes("test")) await setUp({ cluster: true });
  return runHere(requireNode24(), [inRoot("deploy/yarn/src/main.ts"), ...words]);
});
