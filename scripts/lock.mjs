/** Compiles the hashed Python lock files from python/*.in: `npm run lock`. `--upgrade` takes newer versions. */
import { readFileSync, writeFileSync } from "node:fs";
import { run } from "./lib/command.mjs";
import { inRoot } from "./lib/paths.mjs";
import { explainInstall } from "./lib/problem.mjs";
import { main, setUp } from "./setup.mjs";
import { uvPath } from "./steps/uv.mjs";

const locks = [
  { name: "requirements", python: "3.10" },
  { name: "requirements-dev", python: "3.10" },
  { name: "requirements-uv", python: "3.10" },
  { name: "requirements-apache", python: "3.11" },
  { name: "requirements-cluster", python: "3.10" },
  { name: "requirements-executor", python: "3.11" },
];

async function compile({ name, python }) {
  const target = `python/${name}.lock`;
  await run(uvPath(), [
    ...[
      "pip",
      "compile",
      "--quiet",
      "--universal",
      "--generate-hashes",
      "--no-emit-index-url",
      "--no-header",
    ],
    ...["--no-annotate", "--python-version", python, "--no-python-downloads"],
    ...process.argv.slice(2),
    ...["--output-file", inRoot(target), inRoot(`python/${name}.in`)],
  ]);
  // A mirror's address must never be committed, wherever it came from.
  const text = readFileSync(inRoot(target), "utf8");
  writeFileSync(inRoot(target), text.replace(/^--(index-url|extra-index-url|find-links).*\n/gm, ""));
  return (text.match(/^[a-z0-9][^\n]*==/gim) ?? []).length;
}

await main(async () => {
  await setUp();
  for (const lock of locks) {
    try {
      console.error(`python/${lock.name}.lock: ${await compile(lock)} packages`);
    } catch (failure) {
      throw explainInstall(`locking python/${lock.name}.in`, "PyPI", failure);
    }
  }
  return 0;
});
