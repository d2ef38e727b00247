import { join } from "node:path";
import type { Lake } from "../lake/lake.ts";

/**
 * Where a model lives, in the layout that MLSQL users know: `<path>/_model_<k>/model/<N>/…` holds what group N
 * saved, `<path>/_model_<k>/meta/…` what is known about it. With `keepVersion="false"` there is no `_model_<k>`
 * level.
 */
export interface ModelVersion {
  /** `k` of `_model_k`; `undefined` for a model that keeps no versions. */
  readonly version: number | undefined;
  /** The directory that holds `model/` and `meta/`. */
  readonly path: string;
}

/** A directory beside the versions where trainings prepare theirs; nobody reads it. */
export const STAGING_DIRECTORY = "_staging";

const VERSION_NAME = /^_model_(\d+)$/u;

/** The published versions of a model, oldest first; one without a number where none are kept. */
export async function modelVersions(lake: Lake, modelPath: string): Promise<readonly ModelVersion[]> {
  if ((await lake.stat(modelPath))?.kind !== "directory") return [];
  const names = (await lake.list(modelPath))
    .filter((entry) => entry.kind === "directory")
    .map((entry) => entry.name);
  const numbered = names
    .map((name) => VERSION_NAME.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map((digits) => ({ version: Number(digits), path: join(modelPath, `_model_${digits}`) }))
    .sort((a, b) => a.version - b.version);
  if (numbered.length > 0) return numbered;
  return names.includes("model") && names.includes("meta") ? [{ version: undefined, path: modelPath }] : [];
}

/** The directory of what group `algIndex` saved. */
export function groupModelPath(version: ModelVersion, algIndex: number): string {
  return join(version.path, "model", String(algIndex));
}

/** The file that says what a version was made of. */
export function manifestPath(version: ModelVersion): string {
  return join(version.path, "meta", "manifest.json");
}
