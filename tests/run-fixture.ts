import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { duet, type DuetConnection, type RunEvent } from "duet";

/** What a run came to, for assertions. */
export interface RunReport {
  readonly events: readonly RunEvent[];
  readonly outcome: string;
  /** `code line message` of each diagnostic. */
  readonly diagnostics: readonly {
    readonly code: string;
    readonly line: number;
    readonly message: string;
    readonly help: string;
  }[];
  /** The rows of each table that was shown, by its name. */
  readonly tables: ReadonlyMap<string, readonly (readonly unknown[])[]>;
  /** What user code printed. */
  readonly output: string;
}

/** Real engines in a folder of their own, kept for all the tests of a file. */
export interface RunFixture extends AsyncDisposable {
  readonly folder: string;
  readonly connection: DuetConnection;
  readonly run: (
    text: string,
    options?: { readonly signal?: AbortSignal; readonly onEvent?: (event: RunEvent) => void },
  ) => Promise<RunReport>;
}

/** Makes the folder; engines start with the first script that needs them. */
export async function runFixture(
  engines: { readonly gpus?: number; readonly spark?: "sail" | "apache" } = {},
): Promise<RunFixture> {
  // A short name: Ray's sockets live below it, and their paths have a limit of 107 bytes.
  const folder = await mkdtemp(join(tmpdir(), "dt-"));
  const { gpus, spark = "sail" } = engines;
  const connection = await duet.connect({
    home: join(folder, "home"),
    spark: { kind: spark },
    ...(gpus === undefined ? {} : { gpus }),
  });
  return {
    folder,
    connection,
    async run(text, options = {}) {
      const events: RunEvent[] = [];
      const { signal } = options;
      const running = connection.run({
        text,
        file: "test.mlsql",
        workingDirectory: folder,
        ...(signal === undefined ? {} : { signal }),
      });
      for await (const event of running) {
        events.push(event);
        options.onEvent?.(event);
      }
      return report(events);
    },
    async [Symbol.asyncDispose]() {
      await connection[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function report(events: readonly RunEvent[]): RunReport {
  const last = events.at(-1);
  return {
    events,
    outcome: last?.type === "run-finished" ? last.outcome : "unfinished",
    diagnostics: events
      .filter((event) => event.type === "diagnostic")
      .map(({ diagnostic }) => ({
        code: diagnostic.code,
        line: diagnostic.span.start.line,
        message: diagnostic.message,
        help: diagnostic.suggestion ?? "",
      })),
    tables: new Map(
      events.filter((event) => event.type === "table").map((event) => [event.name, event.rows]),
    ),
    output: events
      .filter((event) => event.type === "log")
      .map((event) => event.text)
      .join("\n"),
  };
}
