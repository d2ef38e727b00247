import type { CommandDescription } from "@duet/mlsql";

/** The `!commands` as the check knows them; `commands/command.ts` runs them. */
export const commands: readonly CommandDescription[] = [
  {
    name: "assert",
    usage: "!assert table '''condition''' \"message\"",
    minimumArguments: 2,
    maximumArguments: 3,
    tableArguments: [0],
  },
  { name: "desc", usage: "!desc table", minimumArguments: 1, maximumArguments: 1, tableArguments: [0] },
  { name: "fs", usage: "!fs -ls path", minimumArguments: 2, maximumArguments: 2, firstArguments: ["-ls"] },
  {
    name: "hdfs",
    usage: "!hdfs -ls path",
    minimumArguments: 2,
    maximumArguments: 2,
    firstArguments: ["-ls"],
  },
  {
    name: "model",
    usage: "!model history path",
    minimumArguments: 2,
    maximumArguments: 2,
    firstArguments: ["history"],
  },
  { name: "println", usage: "!println '''text'''", minimumArguments: 1 },
  {
    name: "show",
    usage: "!show tables [from db]",
    minimumArguments: 1,
    maximumArguments: 3,
    firstArguments: ["tables"],
  },
];
