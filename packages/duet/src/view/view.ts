import type { RunEvent } from "@duet/engine";

/** Shows a run as it happens. */
export interface View {
  /** Takes the next event; resolves when the reader of our output keeps up. */
  show(event: RunEvent): Promise<void>;
  /** A line for the person that is no event, e.g. what Ctrl-C does now. */
  note(text: string): void;
  /** Prints what is still held back and gives the terminal back. */
  close(): Promise<void>;
}
