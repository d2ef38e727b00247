/** A stretch of an expanded text: where it starts, and which stretch of the original it stands for. */
interface Segment {
  readonly start: number;
  readonly originalStart: number;
  readonly originalEnd: number;
  /** Written as it stands in the original, so that offsets inside it map one to one. */
  readonly literal: boolean;
}

/** A text after its variables were put in, and the way back to the text as the user wrote it. */
export class Expansion {
  readonly text: string;
  readonly original: string;
  readonly #segments: readonly Segment[];

  private constructor(text: string, original: string, segments: readonly Segment[]) {
    this.text = text;
    this.original = original;
    this.#segments = segments;
  }

  /** Replaces each match of `pattern`; a replacement of `undefined` leaves it as written. */
  static of(
    original: string,
    pattern: RegExp,
    replace: (match: RegExpMatchArray) => string | undefined,
  ): Expansion {
    const segments: Segment[] = [];
    let text = "";
    let position = 0;
    const add = (part: string, originalEnd: number, literal: boolean): void => {
      if (part !== "" || !literal)
        segments.push({ start: text.length, originalStart: position, originalEnd, literal });
      text += part;
      position = originalEnd;
    };
    for (const match of original.matchAll(pattern)) {
      const value = replace(match);
      if (value === undefined) continue;
      add(original.slice(position, match.index), match.index, true);
      add(value, match.index + match[0].length, false);
    }
    add(original.slice(position), original.length, true);
    return new Expansion(text, original, segments);
  }

  /** The offset in the original of an offset in `text`; inside a variable's value, where the variable stands. */
  originalOffset(offset: number): number {
    const segment = this.#segments.findLast(({ start }) => start <= offset);
    if (!segment) return 0;
    if (!segment.literal) return segment.originalStart;
    return Math.min(segment.originalStart + offset - segment.start, segment.originalEnd);
  }

  /** As `originalOffset`, for the end of a stretch: after a variable that the stretch ends in. */
  originalEnd(offset: number): number {
    if (offset === 0) return 0;
    const segment = this.#segments.findLast(({ start }) => start < offset);
    return segment && !segment.literal ? segment.originalEnd : this.originalOffset(offset - 1) + 1;
  }

  /** The line in the original, from 1, of a line in `text`. Values of several lines shift those after them. */
  originalLine(line: number): number {
    let offset = 0;
    for (let left = line - 1; left > 0; left--) {
      const lineBreak = this.text.indexOf("\n", offset);
      if (lineBreak < 0) break;
      offset = lineBreak + 1;
    }
    return this.original.slice(0, this.originalOffset(offset)).split("\n").length;
  }
}
