import type { Diagnostic, ScriptBlock } from "@duet/mlsql";
import { lineSpan } from "../line-span.ts";
import { PLACEMENT_HELP, unplaceable } from "../python-alg/task-options.ts";
import type { Run } from "../run.ts";
import { checkPython, declaredResources, type PythonFinding } from "./python-check.ts";

/** What is wrong with the Python of a script: what does not compile, and tasks that no node of Ray can hold. */
export async function pythonDiagnostics(
  run: Run,
  blocks: readonly ScriptBlock[],
): Promise<readonly Diagnostic[]> {
  if (blocks.length === 0) return [];
  const { python, pythonPath, engines } = run.options;
  const plain = blocks.map(({ name, source, file, firstLine, firstColumn }) => ({
    name,
    source,
    file,
    firstLine,
    firstColumn,
  }));
  const [findings, declared, nodes] = await Promise.all([
    checkPython(python, pythonPath, plain, run.signal),
    declaredResources(python, pythonPath, plain, run.signal),
    engines.rayResources?.(run.signal),
  ]);
  const syntax = findings.map((finding) => syntaxDiagnostic(blocks, finding));
  const placement = (nodes === undefined ? [] : declared).flatMap((request): readonly Diagnostic[] => {
    const reason = unplaceable(
      (nodes ?? []).map((resources) => ({ id: "", address: "", resources })),
      request.resources,
    );
    const span = lineSpan(run.sources, request.file, request.line);
    if (reason === undefined || span === undefined) return [];
    const message = `the Ray task ${request.name} can never be placed: ${reason}`;
    return [{ code: "task-unschedulable", severity: "error", message, span, suggestion: PLACEMENT_HELP }];
  });
  return [...syntax, ...placement];
}

function syntaxDiagnostic(blocks: readonly ScriptBlock[], finding: PythonFinding): Diagnostic {
  const { code, severity, message, file } = finding;
  const position = (line: number, column: number) => ({
    line,
    column,
    offset: offsetIn(blocks, file, line, column),
  });
  const start = position(finding.line, finding.column);
  const end = position(
    finding.endLine,
    Math.max(finding.endColumn, finding.line === finding.endLine ? finding.column + 1 : 1),
  );
  return { code, severity, message: `Python: ${message}`, span: { file, start, end } };
}

/** The offset of a line and column of a file, counted from the block in it that holds the line. */
function offsetIn(blocks: readonly ScriptBlock[], file: string, line: number, column: number): number {
  const block = blocks.findLast((item) => item.file === file && item.firstLine <= line);
  if (block === undefined) return 0;
  if (line === block.firstLine) return block.span.start.offset + column - block.firstColumn;
  const lines = block.source.split("\n").slice(0, line - block.firstLine);
  return block.span.start.offset + lines.reduce((sum, item) => sum + item.length + 1, 0) + column - 1;
}
