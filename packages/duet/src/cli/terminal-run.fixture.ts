import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { environmentPython } from "../embedded/installation.ts";
import { TerminalModel } from "../view/terminal-model.fixture.ts";

/** What a command has printed on a terminal. */
export interface Shown {
  readonly code: number | null;
  /** All that it printed, as it came. */
  readonly raw: string;
  /** What a person sees at the end. */
  readonly terminal: TerminalModel;
}

/** The terminal's size. */
export const COLUMNS = 80;
const ROWS = 24;

/** Runs a command in a terminal of its own, and types each reply once the text before it has been printed. */
export async function runInTerminal(
  home: string,
  command: readonly string[],
  replies: readonly (readonly [after: string, typed: string])[] = [],
): Promise<Shown> {
  const fixture = join(import.meta.dirname, "terminal.fixture.py");
  const size = [String(COLUMNS), String(ROWS)];
  const child = spawn(environmentPython(".venv"), [fixture, ...size, JSON.stringify(replies), ...command], {
    cwd: home,
    env: { ...process.env, DUET_HOME: home, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [raw, [code]] = await Promise.all([
    text(child.stdout),
    once(child, "close") as Promise<[number | null]>,
  ]);
  const terminal = new TerminalModel(COLUMNS, ROWS);
  terminal.write(raw);
  return { code, raw, terminal };
}
