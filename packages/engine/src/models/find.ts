import type { Lake } from "../lake/lake.ts";
import { modelVersions } from "./layout.ts";
import { bestGroup, readManifest } from "./manifest.ts";

/** A model of the lake, as `duet models ls` lists it. */
export interface FoundModel {
  readonly path: string;
  readonly versions: number;
  /** Of the newest version. */
  readonly algorithm: string;
  readonly score: number | null;
  /** When the newest version was published, milliseconds since 1970; `undefined` without a manifest. */
  readonly created: number | undefined;
}

/** How deep below the start models are looked for. */
const DEPTH = 4;

/** The models at a path and in the directories below it. */
export async function findModels(lake: Lake, path: string, depth = DEPTH): Promise<readonly FoundModel[]> {
  const versions = await modelVersions(lake, path);
  const newest = versions.at(-1);
  if (newest !== undefined) {
    const manifest = await readManifest(lake, newest);
    return [
      {
        path,
        versions: versions.length,
        algorithm: manifest?.algorithm ?? "",
        score: bestGroup(manifest?.groups ?? [])?.score ?? null,
        created: manifest?.created,
      },
    ];
  }
  if (depth === 0 || (await lake.stat(path))?.kind !== "directory") return [];
  const found: FoundModel[] = [];
  for (const entry of await lake.list(path)) {
    if (entry.kind === "directory" && !/^[._]/u.test(entry.name))
      found.push(...(await findModels(lake, entry.path, depth - 1)));
  }
  return found;
}
