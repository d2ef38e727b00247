import type { DataType, StructType } from "@duet/spark-connect";

/** What a plan tells of its result before anything has run. */
export interface PlanFacts {
  /** Whose plan it is: what is quick for the one is slow for the other. */
  readonly planner: "sail" | "spark";
  /**
   * Bytes of the result in Arrow, `undefined` where the plan does not say, e.g. Sail's for csv files. A guess: a
   * filter or an aggregate often gives far fewer rows. Good enough to choose the quicker way by, and for nothing else.
   */
  readonly bytes: number | undefined;
  /** Whether the query ends in an `order by`. */
  readonly ordered: boolean;
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/** Nodes of Sail's plans that leave the order of the rows as it is. */
const KEEP_ORDER =
  /^\s*(?:Projection|Filter|GlobalLimit|CoalesceBatches|Cooperative|BoundedWindowAgg)Exec\b/u;

/**
 * Reads what `explain` says in mode `cost`: Spark's plans give the bytes of their root, Sail's its rows. `undefined` for
 * a plan of neither.
 */
export function readPlan(plan: string, schema: StructType): PlanFacts | undefined {
  const spark =
    /== Optimized Logical Plan ==\s*\n([^\n]*)\bStatistics\(sizeInBytes=([\d.E+]+) ([KMGTPE]?i?B)/u.exec(
      plan,
    );
  if (spark !== null) {
    const [, root = "", amount = "", unit = ""] = spark;
    return {
      planner: "spark",
      bytes: Math.ceil(Number(amount) * 1024 ** UNITS.indexOf(unit)),
      ordered: root.startsWith("Sort "),
    };
  }
  const [, physical] = plan.split(/^== Physical Plan ==\s*\n/mu);
  if (physical === undefined || !/^\s*\w+Exec\b/u.test(physical)) return undefined;
  const rows = /^[^\n]*?\bstatistics=\[Rows=(?:Exact|Inexact)\((\d+)\)/u.exec(physical)?.[1];
  const source = physical.split("\n").find((node) => !KEEP_ORDER.test(node));
  return {
    planner: "sail",
    bytes: rows === undefined ? undefined : Math.ceil(Number(rows) * rowBytes(schema)),
    ordered: source !== undefined && /^\s*Sort(?:PreservingMerge)?Exec\b/u.test(source),
  };
}

/** A typical row in Arrow; texts and nested values are taken as short. */
function rowBytes(schema: StructType): number {
  return schema.fields.reduce((sum, field) => sum + valueBytes(field.type), 0);
}

function valueBytes(type: DataType): number {
  switch (type.kind) {
    case "void":
      return 0;
    case "boolean":
      return 0.125;
    case "tinyint":
      return 1;
    case "smallint":
      return 2;
    case "int":
    case "float":
    case "date":
    case "year_month_interval":
      return 4;
    case "decimal":
    case "calendar_interval":
      return 16;
    case "array":
      return 4 + 8 * valueBytes(type.element);
    case "map":
      return 4 + 4 * (valueBytes(type.key) + valueBytes(type.value));
    case "struct":
      return rowBytes(type);
    case "string":
    case "char":
    case "varchar":
    case "binary":
    case "variant":
    case "udt":
    case "geometry":
    case "geography":
    case "unparsed":
      return 24;
    default:
      return 8;
  }
}
