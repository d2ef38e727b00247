import type { Size } from "./live-lines.ts";

/** A terminal, as far as this file needs it: `process.stderr`. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  write(text: string): unknown;
  on(event: "resize", listener: () => void): unknown;
  off(event: "resize", listener: () => void): unknown;
}

const ESCAPE = "\u001B";
const SAVE = `${ESCAPE}7`;
const RESTORE = `${ESCAPE}8`;
const PLAIN = `${ESCAPE}[0m`;
const ERASE_LINE = `${ESCAPE}[2K`;
const ERASE_BELOW = `${ESCAPE}[J`;
const WHOLE_SCREEN = `${ESCAPE}[r`;
/** One row down without a change of column; the screen scrolls at its end. */
const DOWN = `${ESCAPE}D`;

/**
 * Rows at the bottom of a terminal that another process writes to: everything else scrolls above them (DECSTBM, as
 * apt's progress line does). Its cursor, its colours and its half-written lines are left as they are, because each
 * drawing is one write that saves and restores the cursor. Dispose it to give the terminal back.
 */
export class BottomRows implements Disposable {
  readonly #terminal: Terminal;
  #height = 0;
  #drawn = "";

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    terminal.on("resize", this.#resized);
    process.on("SIGTSTP", this.#suspend);
    process.on("exit", this.#hide);
  }

  /** Shows these lines, each of which fits the terminal; none gives the rows back. */
  show(lines: readonly string[]): void {
    if (lines.length === 0) {
      this.#hide();
      return;
    }
    const height = Math.max(lines.length, this.#height);
    const filled = [...Array<string>(height - lines.length).fill(""), ...lines];
    const { rows } = this.#terminal;
    const first = rows - height + 1;
    // The region is set anew each time: a program that clears or resets the terminal has taken it away.
    const region = `${ESCAPE}[1;${rows - height}r`;
    const text = filled.map((line, index) => `${ESCAPE}[${first + index};1H${ERASE_LINE}${line}${PLAIN}`);
    const drawing = `${SAVE}${region}${PLAIN}${text.join("")}${RESTORE}`;
    if (drawing === this.#drawn) return;
    this.#terminal.write(`${this.#makeRoom(height)}${drawing}`);
    this.#height = height;
    this.#drawn = drawing;
  }

  [Symbol.dispose](): void {
    this.#hide();
    this.#terminal.off("resize", this.#resized);
    process.off("SIGTSTP", this.#suspend);
    process.off("exit", this.#hide);
  }

  /** Scrolls what stands in the rows out of the way; the cursor stays at its place in the text. */
  #makeRoom(height: number): string {
    const more = height - this.#height;
    return more <= 0 ? "" : `${DOWN.repeat(more)}${ESCAPE}[${more}A`;
  }

  readonly #hide = (): void => {
    if (this.#height === 0) return;
    const { rows } = this.#terminal;
    let erased = "";
    for (let row = rows - this.#height + 1; row <= rows; row += 1) {
      erased += `${ESCAPE}[${row};1H${ERASE_LINE}`;
    }
    this.#terminal.write(`${SAVE}${WHOLE_SCREEN}${PLAIN}${erased}${RESTORE}`);
    this.#height = 0;
    this.#drawn = "";
  };

  /** Where the rows stand after a resize is up to the terminal, but it is below the cursor: nothing else is there. */
  readonly #resized = (): void => {
    if (this.#height === 0) return;
    this.#terminal.write(`${SAVE}${WHOLE_SCREEN}${RESTORE}${SAVE}${PLAIN}${ERASE_BELOW}${RESTORE}`);
    this.#height = 0;
    this.#drawn = "";
  };

  /** Ctrl-Z: the shell gets a whole terminal. The next drawing comes when the process goes on. */
  readonly #suspend = (): void => {
    this.#hide();
    process.kill(process.pid, "SIGSTOP");
  };
}

/** Whether a terminal is large and able enough for rows of our own. */
export function hasRoom({ columns, rows }: Size, environment: NodeJS.ProcessEnv): boolean {
  const { TERM: kind } = environment;
  return kind !== undefined && kind !== "dumb" && columns >= 40 && rows >= 10;
}
