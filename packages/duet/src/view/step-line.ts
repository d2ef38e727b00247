import type { EngineName } from "@duet/engine";
import { cleanCell } from "./clean-text.ts";
import { type Colours, engineLabel } from "./colours.ts";
import { cutText, textWidth } from "./text-width.ts";

/** The parts of a step's line. */
export interface StepLine {
  /** One column wide. */
  readonly mark: string;
  readonly engine: EngineName;
  readonly title: string;
  /** Rows, or another short remark before the time. */
  readonly remark: string;
  readonly time: string;
}

/** Lines are not drawn longer than this: on a very wide terminal the eye would lose them. */
const MOST_WIDTH = 110;
const TIME_WIDTH = 11;

/** One line that fits `width`: mark, engine, title on the left, remark and time on the right; the title gives way. */
export function stepLine(line: StepLine, width: number, colours: Colours): string {
  const full = Math.min(width, MOST_WIDTH);
  const left = `${line.mark} ${engineLabel(line.engine, colours)}  `;
  const time = line.time.padStart(Math.max(TIME_WIDTH, textWidth(line.time) + 2));
  const right = `${line.remark === "" ? "" : `  ${colours.dim(line.remark)}`}${time}`;
  const room = full - textWidth(left) - textWidth(right);
  if (room < 12) return cutText(`${left}${cleanCell(line.title)}`, full);
  const title = cutText(cleanCell(line.title), room);
  return `${left}${title}${" ".repeat(Math.max(0, room - textWidth(title)))}${right}`;
}
