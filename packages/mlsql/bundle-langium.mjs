/**
 * Runs after `langium generate`: puts the part of Langium that parsing needs into one file, because loading its
 * 300 modules one by one costs four times as much.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const folder = import.meta.dirname;
const generated = join(folder, "src", "generated");
/** Not beside the rest: `langium generate` asks before it writes into a folder with files of others. */
const bundle = join(folder, "src", "parser", "generated", "langium.js");

/** What the parser, and the code that Langium generates, use of it. */
const used = [
  "AbstractAstReflection",
  "createDefaultCoreModule",
  "createDefaultSharedCoreModule",
  "DefaultTokenBuilder",
  "EmptyFileSystem",
  "inject",
  "loadGrammarFromJson",
];

await build({
  stdin: { contents: `export { ${used.join(", ")} } from "langium";`, resolveDir: folder },
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node24",
  legalComments: "eof",
  outfile: bundle,
});
writeFileSync(bundle.replace(/js$/, "d.ts"), `export * from "langium";\n`);

for (const name of ["ast.ts", "grammar.ts"]) {
  const file = join(generated, name);
  const text = readFileSync(file, "utf8");
  writeFileSync(
    file,
    text.replace(/^(import (?!type).*) from 'langium';$/gm, "$1 from '../parser/generated/langium.js';"),
  );
}
