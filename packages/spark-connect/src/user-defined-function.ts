import type { ExecutionOptions } from "./execution.ts";
import type { SessionContext } from "./session-context.ts";

/** A Python function for Spark's SQL. */
export interface UserDefinedFunction {
  /** Its name in SQL. */
  readonly name: string;
  /** What PySpark pickles: the function and its return type (`cloudpickle.dumps((function, returnType))`). */
  readonly command: Uint8Array;
  /** PySpark's `PythonEvalType`, e.g. 100 for a function of a row, 200 for one of pandas series. */
  readonly evalType: number;
  /** The type of its result as DDL, e.g. `double` or `array<string>`. */
  readonly outputType: string;
  /** Major and minor version of the Python that pickled it; Spark's workers must have the same. */
  readonly pythonVersion: string;
  /** Whether equal arguments give equal results; true by default. */
  readonly deterministic?: boolean;
}

/** Registers a Python function in a session (`CommonInlineUserDefinedFunction`). */
export async function registerFunction(
  context: SessionContext,
  definition: UserDefinedFunction,
  options?: ExecutionOptions,
): Promise<void> {
  const { name, command, evalType, outputType, pythonVersion, deterministic = true } = definition;
  const pythonUdf = {
    outputType: { kind: { case: "unparsed" as const, value: { dataTypeString: outputType } } },
    evalType,
    command,
    pythonVer: pythonVersion,
  };
  await context.command(
    {
      case: "registerFunction",
      value: { functionName: name, deterministic, function: { case: "pythonUdf", value: pythonUdf } },
    },
    options,
  );
}
