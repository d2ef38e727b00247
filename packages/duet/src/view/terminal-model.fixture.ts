/* eslint-disable no-control-regex -- control sequences are this file's subject */

/**
 * As much of a terminal as {@link BottomRows} and ordinary programs use: text, line breaks, `\r`, save and restore of
 * the cursor, a scroll region, cursor moves and erasing. Whatever else comes is an error, so that no test passes on what
 * it does not understand.
 */
export class TerminalModel {
  columns: number;
  rows: number;
  /** Lines that have scrolled off the top. */
  readonly history: string[] = [];
  screen: string[];
  row = 0;
  column = 0;
  #top = 0;
  #bottom: number;
  #saved = { row: 0, column: 0 };
  readonly #listeners = new Set<() => void>();

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
    this.screen = Array<string>(rows).fill("");
    this.#bottom = rows - 1;
  }

  /** Whether programs scroll the whole screen. */
  get isWhole(): boolean {
    return this.#top === 0 && this.#bottom === this.rows - 1;
  }

  /** Everything that was ever printed and is not erased, without empty lines at the end. */
  get lines(): readonly string[] {
    const all = [...this.history, ...this.screen].map((line) => line.trimEnd());
    while (all.at(-1) === "") all.pop();
    return all;
  }

  on(_event: "resize", listener: () => void): void {
    this.#listeners.add(listener);
  }

  off(_event: "resize", listener: () => void): void {
    this.#listeners.delete(listener);
  }

  /** How many listen for resizes. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Gives it another number of rows, as a terminal does whose text keeps its place at the top. */
  resize(rows: number): void {
    while (this.screen.length > rows) {
      if (this.row < rows) this.screen.pop();
      else {
        this.history.push(this.screen.shift() ?? "");
        this.row -= 1;
      }
    }
    while (this.screen.length < rows) this.screen.push("");
    this.rows = rows;
    this.#top = 0;
    this.#bottom = rows - 1;
    for (const listener of this.#listeners) listener();
  }

  write(text: string): void {
    const pattern =
      /(?<unseen>\u001B\[\?(?:25|2026)[hl])|\u001B\[(?<values>[\d;]*)(?<name>[A-Za-z])|\u001B(?<plain>[78D])|(?<character>[^\u001B])/gsuy;
    let end = 0;
    for (const match of text.matchAll(pattern)) {
      end = match.index + match[0].length;
      const { values = "", name, plain, character, unseen } = match.groups ?? {};
      // Whether the cursor is shown, and whether what follows is drawn at once.
      if (unseen !== undefined) continue;
      if (character !== undefined) this.#print(character);
      else if (plain !== undefined) this.#plain(plain);
      else this.#control(name ?? "", values.split(";").map(Number));
    }
    if (end !== text.length)
      throw new Error(`the terminal does not know ${JSON.stringify(text.slice(end, end + 10))}`);
  }

  #print(character: string): void {
    if (character === "\r") this.column = 0;
    else if (character === "\n") {
      // The system's terminal driver adds the return.
      this.column = 0;
      this.#down();
    } else {
      if (this.column === this.columns) {
        this.column = 0;
        this.#down();
      }
      const line = (this.screen[this.row] ?? "").padEnd(this.column);
      this.screen[this.row] = `${line.slice(0, this.column)}${character}${line.slice(this.column + 1)}`;
      this.column += 1;
    }
  }

  #down(): void {
    if (this.row !== this.#bottom) {
      this.row = Math.min(this.row + 1, this.rows - 1);
      return;
    }
    const [gone = ""] = this.screen.splice(this.#top, 1);
    if (this.#top === 0) this.history.push(gone);
    this.screen.splice(this.#bottom, 0, "");
  }

  #plain(name: string): void {
    if (name === "7") this.#saved = { row: this.row, column: this.column };
    else if (name === "8") ({ row: this.row, column: this.column } = this.#saved);
    else this.#down();
  }

  #control(name: string, [first = 0, second = 0]: readonly number[]): void {
    switch (name) {
      case "m":
        return;
      case "A":
        this.row = Math.max(this.row - Math.max(1, first), 0);
        return;
      case "G":
        this.column = Math.max(first, 1) - 1;
        return;
      case "H":
        this.row = Math.max(first, 1) - 1;
        this.column = Math.max(second, 1) - 1;
        return;
      case "r":
        this.#top = Math.max(first, 1) - 1;
        this.#bottom = (second === 0 ? this.rows : second) - 1;
        this.row = 0;
        this.column = 0;
        return;
      case "K":
        this.screen[this.row] = first === 2 ? "" : (this.screen[this.row] ?? "").slice(0, this.column);
        return;
      case "J":
        this.screen[this.row] = (this.screen[this.row] ?? "").slice(0, this.column);
        for (let row = this.row + 1; row < this.rows; row += 1) this.screen[row] = "";
        return;
      default:
        throw new Error(`the terminal does not know ESC [ ${name}`);
    }
  }
}
