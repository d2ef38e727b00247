import type { Name } from "@duet/mlsql";
import type { DataFrame } from "@duet/spark-connect";
import { quoteIdentifier } from "../catalog/session-tables.ts";
import { type HandedTable, handOver } from "../hand-over/index.ts";
import { withSparkErrors } from "../spark-errors.ts";
import type { Step } from "../step.ts";

/** A table of the session, handed over to Ray for one step. */
export interface HandedInput {
  readonly frame: DataFrame;
  readonly data: HandedTable;
}

/** Hands the table that a statement names over to Ray; Spark's errors stand at its name. */
export async function handOverTable(step: Step, input: Name): Promise<HandedInput> {
  const { run } = step;
  const { session } = await run.spark();
  const frame = session.table(quoteIdentifier(input.value));
  const handing = handOver(frame, {
    ray: await run.ray(),
    run: run.id,
    directory: run.directory,
    name: `${step.index}-${input.value}`,
    ...step.sparkOptions,
    signal: run.signal,
    onStatus: (status) => {
      step.status(status);
    },
  });
  return { frame, data: await withSparkErrors(step, input, step.timed("spark", handing)) };
}
