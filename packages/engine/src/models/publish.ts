import { join } from "node:path";
import { type Lake, LakeError } from "../lake/lake.ts";
import { modelVersions, type ModelVersion, STAGING_DIRECTORY } from "./layout.ts";

/** A directory of its own for one training; concurrent trainings on one path do not meet. */
export function stagingPath(modelPath: string, run: string, step: number): string {
  return join(modelPath, STAGING_DIRECTORY, `${run}-${step}`);
}

/**
 * Makes a prepared version visible, whole and at once, by a rename. With `keepVersion` it becomes the next free
 * `_model_<k>`; a training that took the same number first makes this one take the next. Without, it takes the
 * place of what is there.
 */
export async function publishVersion(
  lake: Lake,
  modelPath: string,
  staging: string,
  keepVersion: boolean,
): Promise<ModelVersion> {
  const version = keepVersion
    ? await publishNext(lake, modelPath, staging)
    : await replaceCurrent(lake, modelPath, staging);
  await removeStaging(lake, modelPath, staging);
  return version;
}

/** Removes a training's staging directory, and the one above it when no other training uses it. */
export async function removeStaging(lake: Lake, modelPath: string, staging: string): Promise<void> {
  await lake.remove(staging);
  await lake.removeIfEmpty(join(modelPath, STAGING_DIRECTORY));
}

async function publishNext(lake: Lake, modelPath: string, staging: string): Promise<ModelVersion> {
  for (;;) {
    const last = (await modelVersions(lake, modelPath)).at(-1)?.version ?? -1;
    const version = last + 1;
    const path = join(modelPath, `_model_${version}`);
    try {
      await lake.rename(staging, path);
      return { version, path };
    } catch (error) {
      if (!(error instanceof LakeError && error.code === "exists")) throw error;
    }
  }
}

async function replaceCurrent(lake: Lake, modelPath: string, staging: string): Promise<ModelVersion> {
  const old = `${staging}-replaced`;
  for (const part of ["meta", "model"]) {
    const current = join(modelPath, part);
    if ((await lake.stat(current)) !== undefined) await lake.rename(current, join(old, part));
    await lake.rename(join(staging, part), current);
  }
  await lake.remove(old);
  return { version: undefined, path: modelPath };
}
