import type { JsonValue } from "./json-value.ts";
import { postJson, type BridgeCall } from "./table-transfer.ts";

/** A model that Ray serves as a function; `duet/functions.py` says what a specification may hold. */
export interface ServedFunction {
  readonly id: string;
  /** What the function takes, in the order of its arguments; types in Arrow's words. */
  readonly inputs: readonly { readonly name: string; readonly type: string }[];
  /** What Spark registers as a Python function: it sends its columns to the bridge. */
  readonly udf: {
    /** The pickled function, as `PythonUDF.command` takes it. */
    readonly command: Uint8Array;
    readonly evalType: number;
    /** Spark's DDL. */
    readonly outputType: string;
    readonly pythonVersion: string;
  };
}

interface ServedAnswer extends Omit<ServedFunction, "udf"> {
  readonly udf: Omit<ServedFunction["udf"], "command"> & { readonly command: string };
}

/** `POST /functions`: answers once every copy of the model is loaded. */
export async function requestServedFunction(
  call: BridgeCall,
  specification: JsonValue,
): Promise<ServedFunction> {
  const response = await postJson(call, "/functions", specification);
  const { id, inputs, udf } = (await response.body.json()) as ServedAnswer;
  return { id, inputs, udf: { ...udf, command: Buffer.from(udf.command, "base64") } };
}
