import { clearLine, cursorTo } from "node:readline";
import { clearInterval, setInterval } from "node:timers";

const seconds = (ms) => (ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`);

/** Shows numbered steps: one live line on a terminal, plain lines elsewhere (CI, a file). */
export class Progress {
  #stream;
  #live;
  #timer;
  #current;

  constructor(stream = process.stderr) {
    this.#stream = stream;
    this.#live = Boolean(stream.isTTY) && !process.env.CI && process.env.TERM !== "dumb";
  }

  /** A line for a person, above the live one. */
  say(text) {
    this.#clear();
    this.#stream.write(`${text}\n`);
    this.#draw();
  }

  /** Begins step `number` of `count`. */
  begin(number, count, title) {
    this.#current = {
      label: `[${number}/${count}] ${title}`,
      detail: "",
      started: Date.now(),
      said: Date.now(),
    };
    if (this.#live) this.#timer = setInterval(() => this.#draw(), 100).unref();
    else this.#stream.write(`${this.#current.label} …\n`);
    this.#draw();
  }

  /** What the step does right now. */
  detail(text) {
    if (!this.#current) return;
    this.#current.detail = text.trim();
    // Without a live line, a sign of life every 15 s is enough.
    if (!this.#live && Date.now() - this.#current.said > 15_000) {
      this.#current.said = Date.now();
      this.#stream.write(`      ${this.#elapsed()}  ${this.#current.detail}\n`);
    }
  }

  /** Ends the step. */
  end(outcome) {
    if (!this.#current) return;
    this.#clear();
    clearInterval(this.#timer);
    const { label } = this.#current;
    this.#stream.write(`${label}: ${outcome} (${this.#elapsed()})\n`);
    this.#current = undefined;
  }

  /** Ends the step that failed, without a line of its own. */
  abandon() {
    this.#clear();
    clearInterval(this.#timer);
    this.#current = undefined;
  }

  #elapsed() {
    return seconds(Date.now() - this.#current.started);
  }

  #clear() {
    if (!this.#live || !this.#current) return;
    cursorTo(this.#stream, 0);
    clearLine(this.#stream, 0);
  }

  #draw() {
    if (!this.#live || !this.#current) return;
    const frame = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"[Math.floor(Date.now() / 100) % 10];
    const text = `${frame} ${this.#current.label}  ${this.#elapsed()}  ${this.#current.detail}`;
    const width = Math.max(10, (this.#stream.columns ?? 80) - 1);
    this.#clear();
    this.#stream.write([...text].slice(0, width).join(""));
  }
}
