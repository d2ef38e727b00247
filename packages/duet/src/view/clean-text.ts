/* eslint-disable no-control-regex -- control characters are this file's subject */

/** Colours and weights: what a program may do to a terminal's line without doing anything to the rest. */
const COLOUR = /\u001B\[[0-9;:]*m/gu;
/** Every other escape sequence (cursor, title, clipboard, links) and what may be left of one. */
const ESCAPE =
  /\u001B\[(?![0-9;:]*m)[0-?]*[ -/]*[@-~]?|\u001B[\]PX^_](?:[^\u0007\u001B]|\u001B(?!\\))*(?:\u0007|\u001B\\)?|\u001B(?!\[)[ -~]?/gu;
const CONTROL = /[\u0000-\u0008\u000B-\u001A\u001C-\u001F\u007F-\u009F]/gu;

/**
 * A line that user code printed, safe for a terminal: colours stay, everything that could move the cursor or talk
 * to the terminal goes. Of a line that was redrawn with `\r` (a progress bar) only its last state stays.
 */
export function cleanLine(text: string, keepColours: boolean): string {
  const state = text.replace(/\r+$/u, "");
  const last = state.slice(state.lastIndexOf("\r") + 1);
  const plain = last.replace(ESCAPE, "").replace(CONTROL, "").replaceAll("\t", "    ");
  return keepColours ? plain : plain.replace(COLOUR, "").replaceAll("\u001B", "");
}

/** A cell of data, shown on one line: nothing in it reaches the terminal as a command. */
export function cleanCell(text: string): string {
  return text
    .replaceAll("\r\n", "↵")
    .replace(/[\n\r]/gu, "↵")
    .replaceAll("\t", "⇥")
    .replace(/[\u0000-\u001F\u007F-\u009F]/gu, "�");
}
