import type { DataType, StructType } from "@duet/spark-connect";

/** How large a result may be, from the plan's own statistics, before anything has run. */
export interface SizeEstimate {
  /** Whose plan it is: what is quick for the one is slow for the other. */
  readonly planner: "sail" | "spark";
  /** Bytes of the result in Arrow. */
  readonly bytes: number;
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/**
 * Reads the estimate out of `explain` in mode `cost`: Sail's plans say the rows of their root, Spark's its bytes.
 * `undefined` where the plan does not say, e.g. Sail's for csv files. It is a guess in either case (a filter or an
 * aggregate often gives far fewer rows), good enough to choose the quicker way by, and for nothing else.
 */
export function estimateFromPlan(plan: string, schema: StructType): SizeEstimate | undefined {
  const spark =
    /== Optimized Logical Plan ==\s*\n[^\n]*\bStatistics\(sizeInBytes=([\d.E+]+) ([KMGTPE]?i?B)/u.exec(plan);
  if (spark !== null) {
    const [, amount = "", unit = ""] = spark;
    return { planner: "spark", bytes: Math.ceil(Number(amount) * 1024 ** UNITS.indexOf(unit)) };
  }
  const sail = /== Physical Plan ==\s*\n[^\n]*?\bstatistics=\[Rows=(?:Exact|Inexact)\((\d+)\)/u.exec(plan);
  if (sail === null) return undefined;
  return { planner: "sail", bytes: Math.ceil(Number(sail[1]) * rowBytes(schema)) };
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
