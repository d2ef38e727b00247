/** A place in a script. `line` and `column` count from 1, columns in UTF-16 units; `offset` counts from 0. */
export interface Position {
  readonly line: number;
  readonly column: number;
  readonly offset: number;
}

/** A stretch of a script's text, `end` exclusive. `file` is the name that messages print. */
export interface Span {
  readonly file: string;
  readonly start: Position;
  readonly end: Position;
}
