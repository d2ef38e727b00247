import { readFileSync } from "node:fs";
import {
  analyzeScript,
  type CheckContext,
  type Diagnostic,
  type Script,
  type ScriptBlock,
  type Span,
} from "@duet/mlsql";
import { tableIdentifier } from "../catalog/catalog.ts";
import { algorithms } from "../registry/algorithms.ts";
import { commands } from "../registry/commands.ts";
import { formatDescriptions } from "../registry/formats.ts";
import type { Run } from "../run.ts";
import { includedFile } from "../statements/include.ts";
import { environmentDiagnostics, parseEnvironment } from "../python-alg/environment.ts";
import { pythonDiagnostics } from "./python-diagnostics.ts";

/** The tables that a run can use, and whether names that are not among them are mistakes. */
type CatalogLookup = Pick<CheckContext, "catalogTables">;

/**
 * Checks a whole script before anything of it runs, its includes with it: names, options, formats, Python, the
 * environments, and tasks that no node can hold. All mistakes come at once, in the order of the script.
 */
export async function checkRun(
  run: Run,
  script: Script,
  syntax: readonly Diagnostic[],
): Promise<readonly Diagnostic[]> {
  const { options } = run;
  const analysis = analyzeScript(script, {
    algorithms,
    commands,
    formats: formatDescriptions(options.engines.sparkKind),
    otherFormats: true,
    ...(await catalogLookup(run)),
    readInclude: (_format, path, from) => readInclude(run, path, from),
    ...(options.variables === undefined ? {} : { variables: options.variables }),
  });
  const python = unique(analysis.blocks.flatMap((blocks) => blocks.python));
  const environments = unique(analysis.blocks.flatMap((blocks) => blocks.environments));
  const ofEnvironments = await Promise.all(
    environments.map(async (block) =>
      environmentDiagnostics(await parseEnvironment(block.source), (offset, length) =>
        block.place(offset, offset + length),
      ),
    ),
  );
  const all = [
    ...syntax,
    ...analysis.diagnostics,
    ...ofEnvironments.flat(),
    ...(await pythonDiagnostics(run, python)),
  ];
  return inOrder(all, script.file);
}

/** The durable catalogue answers at once; a driver's own is asked by the statements that use it. */
async function catalogLookup(run: Run): Promise<CatalogLookup> {
  if (run.options.engines.sparkKind === undefined) return {};
  const known = new Set<string>();
  for (const database of await run.catalog.databases()) {
    for (const table of await run.catalog.tables(database))
      known.add(`${database}.${table.name}`.toLowerCase());
  }
  return {
    catalogTables: (written) => {
      const { database, name } = tableIdentifier(written);
      return known.has(`${database}.${name}`.toLowerCase());
    },
  };
}

function readInclude(run: Run, path: string, from: string): { file: string; text: string } | undefined {
  const file = includedFile(from, path, run.options.workingDirectory);
  try {
    const text = readFileSync(file, "utf8");
    run.sources.set(file, text);
    return { file, text };
  } catch {
    // The check says that there is no such script; the path is all that a person needs to mend it.
    return undefined;
  }
}

function unique(blocks: readonly ScriptBlock[]): readonly ScriptBlock[] {
  const key = (span: Span) => `${span.file}:${span.start.offset}`;
  return [...new Map(blocks.map((block) => [key(block.span), block])).values()];
}

/** By place; those of included scripts stay where they came, before those of the script itself. */
function inOrder(diagnostics: readonly Diagnostic[], file: string): readonly Diagnostic[] {
  return diagnostics.toSorted((a, b) => {
    if (a.span.file !== b.span.file) return Number(a.span.file === file) - Number(b.span.file === file);
    return a.span.start.offset - b.span.start.offset;
  });
}
