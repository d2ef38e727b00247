import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { asyncBufferFromFile, parquetMetadataAsync } from "hyparquet";

/** What lies in a folder of parquet files. */
export interface FilesMeasure {
  readonly rows: number;
  readonly bytes: number;
}

/** Adds up rows and bytes of the parquet files in a folder, from their footers. A folder that is not there is empty. */
export async function measureFiles(folder: string): Promise<FilesMeasure> {
  const measures = await Promise.all(
    (await fileNames(folder)).map(async (name) => {
      const path = join(folder, name);
      const { size } = await stat(path);
      const { num_rows } = await parquetMetadataAsync(await asyncBufferFromFile(path));
      return { rows: Number(num_rows), bytes: size };
    }),
  );
  return measures.reduce((sum, file) => ({ rows: sum.rows + file.rows, bytes: sum.bytes + file.bytes }), {
    rows: 0,
    bytes: 0,
  });
}

async function fileNames(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith(".parquet") && !/^[._]/u.test(name));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
