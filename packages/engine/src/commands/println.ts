import type { Command } from "./command-function.ts";

/** `!println '''…''';` shows a text. */
export const printText: Command = (step, _statement, argumentTexts) => {
  step.run.emit({ type: "message", step: step.index, text: argumentTexts.join(" ") });
  return Promise.resolve({});
};
