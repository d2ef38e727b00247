import picocolors from "picocolors";
import type { EngineName } from "@duet/engine";

/** The colours of one stream; the functions return their text unchanged where it has none. */
export type Colours = ReturnType<typeof picocolors.createColors>;

/** A stream as far as colours care. */
export interface ColourStream {
  readonly isTTY?: boolean | undefined;
}

/** Colours on a terminal only; `NO_COLOR` turns them off and `FORCE_COLOR` on, as in other tools. */
export function coloursFor(stream: ColourStream, environment: NodeJS.ProcessEnv = process.env): Colours {
  const { NO_COLOR: off, FORCE_COLOR: force, TERM: terminal } = environment;
  const forced = force !== undefined && force !== "0" && force !== "false";
  const isOff = (off !== undefined && off !== "") || (force !== undefined && !forced);
  return picocolors.createColors(!isOff && (forced || (stream.isTTY === true && terminal !== "dumb")));
}

/** An engine's name in its colour, padded so that titles stand below each other. */
export function engineLabel(engine: EngineName, colours: Colours): string {
  const paint = { spark: colours.yellow, ray: colours.cyan, duet: colours.dim }[engine];
  return paint(engine.padEnd(5));
}
