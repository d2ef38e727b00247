import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EngineStartError } from "../embedded/engine-start-error.ts";
import { BACKGROUND_VARIABLE } from "./background-run.ts";
import { OutputLog } from "./output-log.ts";
import { outputFile, readRunRecord } from "./run-record.ts";

const program = join(import.meta.dirname, "../../bin/duet.mjs");
/** A background process that has not begun its run in this time never will. Milliseconds. */
const START_PATIENCE_MS = 20_000;

/**
 * Starts `duet` with these parameters in the background, in a session of its own, and resolves as soon as its run has
 * begun. Another process keeps what it prints (`duet keep`).
 * @throws {EngineStartError} `run-not-started`
 */
export async function startDetached(home: string, run: string, parameters: readonly string[]): Promise<void> {
  const keeper = spawn(process.execPath, [program, "keep", run, "--", ...parameters], {
    detached: true,
    stdio: "ignore",
  });
  await once(keeper, "spawn");
  keeper.unref();
  const deadline = performance.now() + START_PATIENCE_MS;
  while ((await readRunRecord(home, run)) === undefined) {
    if (keeper.exitCode !== null || performance.now() > deadline) {
      const kept = existsSync(outputFile(home, run)) ? `; what it said: duet logs ${run}` : "";
      throw new EngineStartError({
        code: "run-not-started",
        message: `the run ${run} did not begin${kept}`,
        help: "run it without -d to see why",
      });
    }
    await sleep(20);
  }
}

/** Runs `duet` with these parameters as the background's run, keeps what it prints, and gives its exit code. */
export async function keepOutput(home: string, run: string, parameters: readonly string[]): Promise<number> {
  const path = outputFile(home, run);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await using log = await OutputLog.create(path);
  const child = spawn(process.execPath, [program, ...parameters], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, [BACKGROUND_VARIABLE]: run },
  });
  const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  const keep = async (stream: "stdout" | "stderr"): Promise<void> => {
    for await (const bytes of child[stream] as AsyncIterable<Uint8Array>) await log.write(stream, bytes);
  };
  const [[code]] = await Promise.all([closed, keep("stdout"), keep("stderr")]);
  return code ?? 1;
}
