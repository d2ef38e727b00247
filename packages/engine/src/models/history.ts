import type { Lake } from "../lake/lake.ts";
import { modelVersions } from "./layout.ts";
import { readManifest } from "./manifest.ts";

/** One group of one version, as `!model history` and `duet models show` list it. */
export interface ModelHistoryRow {
  readonly modelPath: string;
  readonly algIndex: number;
  readonly algorithm: string;
  readonly score: number | null;
  readonly metrics: Readonly<Record<string, number | string>>;
  /** Milliseconds since 1970. */
  readonly startTime: number;
  readonly seconds: number;
  readonly trainParams: Readonly<Record<string, string>>;
  readonly rows: number;
  readonly script: string;
}

/** All groups of all versions of a model, newest version first; empty where there is no model. */
export async function modelHistory(lake: Lake, modelPath: string): Promise<readonly ModelHistoryRow[]> {
  const rows: ModelHistoryRow[] = [];
  for (const version of (await modelVersions(lake, modelPath)).toReversed()) {
    const manifest = await readManifest(lake, version);
    for (const group of manifest?.groups ?? []) {
      rows.push({
        modelPath: version.path,
        algIndex: group.algIndex,
        algorithm: manifest?.algorithm ?? "",
        score: group.score,
        metrics: group.metrics,
        startTime: group.startTime,
        seconds: Math.round(group.endTime - group.startTime) / 1000,
        trainParams: group.trainParams,
        rows: manifest?.data.rows ?? 0,
        script: manifest?.script.file ?? "",
      });
    }
  }
  return rows;
}
