import { type Lake, LakeError } from "../lake/lake.ts";
import { manifestPath, type ModelVersion } from "./layout.ts";

/** How one group of a training ended. Times are milliseconds since 1970. */
export interface GroupResult {
  readonly algIndex: number;
  readonly status: "success" | "failed";
  /** What the script reported as its score, `null` where it reported none. Higher is better. */
  readonly score: number | null;
  readonly metrics: Readonly<Record<string, number | string>>;
  readonly message: string;
  readonly startTime: number;
  readonly endTime: number;
  readonly trainParams: Readonly<Record<string, string>>;
}

/** What a model version says of itself, `meta/manifest.json`: script, data, environment, parameters, metrics. */
export interface ModelManifest {
  readonly algorithm: string;
  readonly run: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly script: {
    readonly file: string;
    readonly entryPoint: string;
    readonly sources: Readonly<Record<string, string>>;
  };
  readonly data: {
    readonly table: string;
    readonly rows: number;
    readonly columns: readonly { readonly name: string; readonly type: string }[];
  };
  /** The environment as the script wrote it, empty where it named none. */
  readonly environment: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly engines: Readonly<Record<string, string>>;
  readonly groups: readonly GroupResult[];
}

/** Reads a version's manifest; `undefined` where the version has none (another tool made it). */
export async function readManifest(lake: Lake, version: ModelVersion): Promise<ModelManifest | undefined> {
  try {
    return JSON.parse(await lake.readText(manifestPath(version))) as ModelManifest;
  } catch (error) {
    if (error instanceof LakeError && error.code === "not-found") return undefined;
    throw error;
  }
}

/** The group with the highest score, the first one where none reported a score. */
export function bestGroup(groups: readonly GroupResult[]): GroupResult | undefined {
  const rank = (group: GroupResult): number => group.score ?? Number.NEGATIVE_INFINITY;
  return groups.reduce<GroupResult | undefined>(
    (best, group) => (best === undefined || rank(group) > rank(best) ? group : best),
    undefined,
  );
}
