import type { FormatDescription } from "@duet/mlsql";
import type { SparkKind } from "../engine-provider.ts";

/** Formats whose path names files of the lake; any other name is a data source that Spark resolves itself. */
export const fileFormats: ReadonlySet<string> = new Set([
  "parquet",
  "csv",
  "json",
  "text",
  "orc",
  "avro",
  "xml",
  "libsvm",
  "binaryfile",
  "image",
  "delta",
  "iceberg",
]);

/** Formats that keep a log of their own: their writes are atomic already and must not be moved as files. */
export const transactionalFormats: ReadonlySet<string> = new Set(["delta", "iceberg"]);

/** What a Spark lacks, by format, with the way out. */
const LACKING: Readonly<Record<SparkKind, Readonly<Record<string, string>>>> = {
  sail: {
    orc: "Sail reads and writes no orc",
    xml: "Sail reads no xml",
    libsvm: "Sail reads no libsvm",
    image: "Sail reads no images",
    jdbc: "Sail reads no jdbc",
  },
  apache: {
    delta: "Apache Spark reads delta only with the package delta-spark",
    iceberg: "Apache Spark reads iceberg only with the package iceberg-spark-runtime",
  },
};

/** Why a Spark cannot load or save a format, `undefined` where it can. */
function lackingFormat(
  kind: SparkKind,
  format: string,
): { readonly message: string; readonly suggestion: string } | undefined {
  const message = LACKING[kind][format];
  if (message === undefined) return undefined;
  return {
    message,
    suggestion: kind === "sail" ? "run it with --spark apache" : "use parquet, or run it with --spark sail",
  };
}

/** The formats as the check knows them, for the Spark at hand; unknown kinds of Spark lack nothing. */
export function formatDescriptions(kind: SparkKind | undefined): readonly FormatDescription[] {
  const ofFiles = [...fileFormats].map((name): FormatDescription => {
    const lacking = kind === undefined ? undefined : lackingFormat(kind, name);
    const description = {
      name,
      load: true,
      save: name !== "binaryfile" && name !== "image",
      path: "files",
      options: [],
      openOptions: true,
    } as const;
    return lacking === undefined ? description : { ...description, lacking };
  });
  const jdbc = kind === undefined ? undefined : lackingFormat(kind, "jdbc");
  const open = { options: [], openOptions: true } as const;
  return [
    ...ofFiles,
    {
      name: "hive",
      load: true,
      save: true,
      path: "catalog-table",
      options: [{ name: "fileFormat", type: "text" }],
      openOptions: true,
    },
    { name: "script", load: true, save: false, path: "variable", options: [] },
    { name: "jsonStr", load: true, save: false, path: "variable", ...open },
    { name: "csvStr", load: true, save: false, path: "variable", ...open },
    {
      name: "console",
      load: false,
      save: true,
      path: "other",
      options: [{ name: "numRows", type: "integer", minimum: 1 }],
    },
    {
      name: "jdbc",
      load: true,
      save: true,
      path: "other",
      ...open,
      ...(jdbc === undefined ? {} : { lacking: jdbc }),
    },
  ];
}
