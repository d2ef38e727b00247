/** Generates the code that is not committed: `npm run generate`. */
import { main } from "./setup.mjs";
import { wireCode } from "./steps/wire-code.mjs";

await main(async () => {
  console.error(`generated code: ${await wireCode.run((line) => console.error(`  ${line}`))}`);
  return 0;
});
