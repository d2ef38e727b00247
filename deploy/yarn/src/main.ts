/** `npm run cluster -- up | down | status | test` */
import { parseArgs } from "node:util";
import { ClusterError } from "./cluster-error.ts";
import { runCommand } from "./commands.ts";

const USAGE = `npm run cluster -- up [--first-port N]   starts HDFS, YARN, PostgreSQL, Hive's metastore, Ray and two Spark drivers on YARN
npm run cluster -- status [--json]       says what runs where
npm run cluster -- down [--keep-data]    ends all of it and removes its folder; with --keep-data tables and files stay
npm run cluster -- test                  tests a cluster: the one that runs, or one of its own`;

const interrupted = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.once(name, () => {
    interrupted.abort(
      new ClusterError({
        code: "interrupted",
        message: `interrupted by ${name}; what was starting has been ended again`,
        help: "run the same command again",
      }),
    );
  });
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      "first-port": { type: "string" },
      "keep-data": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) console.log(USAGE);
  else
    process.exitCode = await runCommand(positionals, {
      firstPort: values["first-port"],
      keepData: values["keep-data"],
      json: values.json,
      signal: interrupted.signal,
    });
} catch (error) {
  const wrongOption = (error as NodeJS.ErrnoException).code?.startsWith("ERR_PARSE_ARGS") === true;
  if (error instanceof ClusterError) console.error(`\n${error.lines.join("\n")}`);
  else if (wrongOption) console.error(`${(error as Error).message}\n\n${USAGE}`);
  else throw error;
  process.exitCode =
    wrongOption || (error instanceof ClusterError && error.code === "unknown-command") ? 2 : 1;
}
