import { type Script, type Statement, statementTitle } from "@duet/mlsql";
import { runCommand } from "./commands/command.ts";
import { predictPythonAlg } from "./python-alg/predict.ts";
import { registerPythonAlg } from "./python-alg/register.ts";
import { trainPythonAlg } from "./python-alg/train.ts";
import type { EngineName } from "./run-event.ts";
import type { Run } from "./run.ts";
import { runConnect } from "./statements/connect.ts";
import { runInclude } from "./statements/include.ts";
import { runLoad } from "./statements/load.ts";
import { runSave } from "./statements/save.ts";
import { runSelect } from "./statements/select.ts";
import { runSet } from "./statements/set.ts";
import { runSql } from "./statements/sql.ts";
import { quoteIdentifier } from "./catalog/session-tables.ts";
import { showTable } from "./show-table.ts";
import { Step, type StepResult } from "./step.ts";
import { StepError } from "./step-error.ts";

/** How many rows of a script's answer are shown. */
const ROWS_OF_AN_ANSWER = 20;

/**
 * Runs the statements of a script one after the other; throws at the first that fails. The table that the last one
 * makes is the script's answer and is shown.
 */
export async function runStatements(run: Run, script: Script): Promise<void> {
  await runAll(run, script, true);
}

async function runAll(run: Run, script: Script, withAnswer: boolean): Promise<StepResult> {
  let last: StepResult = {};
  for (const statement of script.statements) {
    run.signal.throwIfAborted();
    last = await runStep(run, statement, withAnswer && statement === script.statements.at(-1));
  }
  return last;
}

async function runStep(run: Run, statement: Statement, isAnswer: boolean): Promise<StepResult> {
  const step = new Step(run.nextStep++, run, statement);
  const start = performance.now();
  run.emit({
    type: "step-started",
    step: step.index,
    engine: engineOf(statement),
    kind: statement.kind === "command" ? `!${statement.name.value}` : statement.kind,
    title: statementTitle(statement, (text) => run.variables.expand(text)),
    span: statement.span,
  });
  run.currentSpan = statement.span;
  let outcome: "succeeded" | "failed" | "cancelled" = "failed";
  let result: StepResult = {};
  try {
    result = await execute(step, statement, isAnswer);
    if (result.table !== undefined) {
      run.tables.delete(result.table);
      run.tables.add(result.table);
    }
    if (isAnswer && result.table !== undefined && result.shown !== true) await showAnswer(step, result.table);
    outcome = "succeeded";
    return isAnswer ? { ...result, shown: true } : result;
  } catch (error) {
    if (run.signal.aborted) outcome = "cancelled";
    throw error;
  } finally {
    run.emit({
      type: "step-finished",
      step: step.index,
      outcome,
      duration: performance.now() - start,
      engines: Object.fromEntries(step.engineTime),
      ...(result.rows === undefined ? {} : { rows: result.rows }),
    });
  }
}

async function showAnswer(step: Step, table: string): Promise<void> {
  const { statement } = step;
  const { session } = await step.run.spark();
  const output = "output" in statement ? statement.output : undefined;
  const place = statement.kind === "select" ? statement.sql : output;
  await showTable(step, session.table(quoteIdentifier(table)), table, ROWS_OF_AN_ANSWER, place);
}

function execute(step: Step, statement: Statement, isAnswer: boolean): Promise<StepResult> {
  switch (statement.kind) {
    case "set":
      return runSet(step, statement);
    case "load":
      return runLoad(step, statement);
    case "select":
      return runSelect(step, statement);
    case "save":
      return runSave(step, statement);
    case "train":
    case "run":
      requirePythonAlg(statement);
      return trainPythonAlg(step, statement);
    case "predict":
      requirePythonAlg(statement);
      return predictPythonAlg(step, statement);
    case "register":
      requirePythonAlg(statement);
      return registerPythonAlg(step, statement);
    case "include":
      return runInclude(step, statement, (run, script) => runAll(run, script, isAnswer));
    case "connect":
      return runConnect(step, statement);
    case "sql":
      return runSql(step, statement);
    case "command":
      return runCommand(step, statement);
  }
}

function engineOf(statement: Statement): EngineName {
  switch (statement.kind) {
    case "train":
    case "run":
    case "predict":
    case "register":
      return "ray";
    case "set":
    case "include":
    case "connect":
      return "duet";
    case "command":
      return ["show", "desc", "assert"].includes(statement.name.value) ? "spark" : "duet";
    default:
      return "spark";
  }
}

function requirePythonAlg(statement: Extract<Statement, { source: { format: { value: string } } }>): void {
  const { value, span } = statement.source.format;
  if (value.toLowerCase() !== "pythonalg") {
    throw StepError.at(
      span,
      "unknown-algorithm",
      `no algorithm is named ${value}`,
      "the algorithm is PythonAlg",
    );
  }
}
