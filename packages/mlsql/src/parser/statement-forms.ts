/** How each statement is written, to show beside an error. */
export const STATEMENT_FORMS = {
  set: 'set name = "value";',
  load: 'load format.`path` where key="value" as table;',
  select: "select … as table;",
  with: "with … select … as table;",
  save: "save overwrite table as format.`path`;",
  train: 'train table as Algorithm.`path` where key="value";',
  run: 'run table as Algorithm.`path` where key="value" as output;',
  predict: "predict table as Algorithm.`path` as output;",
  register: "register Algorithm.`path` as function;",
  include: "include format.`path`;",
  connect: 'connect format where key="value" as name;',
} as const;

/** The first word of a statement that has a form of its own. */
export type StatementWord = keyof typeof STATEMENT_FORMS;

/** First words of the Spark SQL statements that are passed on as they stand. */
export const SQL_VERBS = [
  "create",
  "insert",
  "drop",
  "refresh",
  "alter",
  "describe",
  "desc",
  "truncate",
  "delete",
  "update",
  "merge",
  "analyze",
  "cache",
  "uncache",
  "clear",
  "show",
  "use",
  "explain",
  "grant",
  "revoke",
  "msck",
  "repair",
  "optimize",
  "vacuum",
  "comment",
] as const;

/** The first words of statements with a form of their own, for use in patterns. */
export const STATEMENT_WORDS = Object.keys(STATEMENT_FORMS).join("|");

/** Whether a word begins a statement with a form of its own. */
export function isStatementWord(word: string): word is StatementWord {
  return Object.hasOwn(STATEMENT_FORMS, word);
}
