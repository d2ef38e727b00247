#!/usr/bin/env node
// Plain JavaScript: it must start on Node 20, to hand over to the Node 24 that set-up has put beside it.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(import.meta.url);
const words = process.argv.slice(2);
// Where bytes only pass through, a young generation that may grow to 48 MB does so, and gains nothing.
const flags = words[0] === "gateway" ? ["--max-semi-space-size=2"] : [];
// One heap for all threads: their own ones only keep what the buffers that pass leave behind. A setting of the user's
// own stays; this one ends with the gateway (`gateway-command.ts`), so that its drivers do not have it.
const environment = words[0] === "gateway" ? { MALLOC_ARENA_MAX: "1", ...process.env } : process.env;
const root = dirname(dirname(dirname(dirname(program))));

if (Number(process.versions.node.split(".")[0]) >= 24) {
  // In place of this process, unless a launcher holds a channel to it, which has given the flags then.
  if (flags.some((flag) => !process.execArgv.includes(flag)) && process.channel === undefined) {
    const command = [process.execPath, ...flags, ...process.execArgv, program, ...words];
    process.execve?.(process.execPath, command, environment);
  }
  module.enableCompileCache(join(root, "node_modules/.cache/node"));
  const { main } = await import("../src/cli/main.ts");
  await main(words);
} else {
  handOver(join(root, `node_modules/node-${process.platform}-${process.arch}/bin/node`));
}

function handOver(node) {
  if (!existsSync(node)) {
    console.error(
      `duet: error[not-set-up]: Duet needs Node 24, and this is ${process.versions.node}\n` +
        "  = help: run `npm run setup` in the checkout once; it brings Node 24",
    );
    process.exit(3);
  }
  // The channel's end tells the real process that this one is gone, even after kill -9.
  const child = spawn(node, [...flags, program, ...words], {
    env: environment,
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`duet: ${node} does not start: ${error.message}`);
    process.exit(3);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
