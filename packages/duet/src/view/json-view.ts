import type { RunEvent } from "@duet/engine";
import { type OutputStream, Screen } from "./screen.ts";
import type { View } from "./view.ts";

/** Prints each event as one line of JSON on `out`, and nothing else there. */
export class JsonView implements View {
  readonly #screen: Screen;

  constructor(out: OutputStream, err: OutputStream) {
    this.#screen = new Screen({ out, err }, () => []);
  }

  async show(event: RunEvent): Promise<void> {
    this.#screen.print("out", JSON.stringify(event));
    await this.#screen.ready();
  }

  note(text: string): void {
    this.#screen.print("err", text);
  }

  async close(): Promise<void> {
    await this.#screen.close();
  }
}
