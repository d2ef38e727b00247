import type { Lake } from "../lake/lake.ts";
import { groupModelPath, modelVersions, type ModelVersion } from "./layout.ts";
import { bestGroup, type ModelManifest, readManifest } from "./manifest.ts";

/** One group of one version of a model, ready to be applied. */
export interface ChosenModel {
  readonly version: ModelVersion;
  readonly algIndex: number;
  /** The directory with what the training script saved. */
  readonly path: string;
  readonly manifest: ModelManifest | undefined;
}

/** Why a model cannot be chosen; `code` is stable, `suggestion` says what there is. */
export interface ModelProblem {
  readonly code: "model-not-found" | "model-version-not-found" | "model-group-not-found";
  readonly message: string;
  readonly suggestion: string;
}

/**
 * Finds what `predict` and `register` apply: the version asked for or the newest, in it the group asked for or the
 * one with the best score.
 */
export async function chooseModel(
  lake: Lake,
  modelPath: string,
  wanted: { readonly version?: number; readonly algIndex?: number },
): Promise<ChosenModel | ModelProblem> {
  const versions = await modelVersions(lake, modelPath);
  const newest = versions.at(-1);
  if (newest === undefined) {
    const there = await lake.stat(modelPath);
    return {
      code: "model-not-found",
      message: there === undefined ? `there is no model at ${modelPath}` : `${modelPath} holds no model`,
      suggestion: "train it first: a model is a directory that a `train … as PythonAlg` has made",
    };
  }
  const version =
    wanted.version === undefined ? newest : versions.find((item) => item.version === wanted.version);
  if (version === undefined) {
    const names = versions.map((item) => item.version ?? "the only one, without a number").join(", ");
    return {
      code: "model-version-not-found",
      message: `the model at ${modelPath} has no version ${String(wanted.version)}`,
      suggestion: `its versions are: ${names}`,
    };
  }
  const manifest = await readManifest(lake, version);
  const algIndex = wanted.algIndex ?? bestGroup(manifest?.groups ?? [])?.algIndex ?? 0;
  const path = groupModelPath(version, algIndex);
  if ((await lake.stat(path)) === undefined) {
    const groups = manifest?.groups.map((group) => String(group.algIndex)) ?? [];
    return {
      code: "model-group-not-found",
      message: `${version.path} has no group ${algIndex}`,
      suggestion:
        groups.length > 0 ? `its groups (algIndex) are: ${groups.join(", ")}` : "it has no groups at all",
    };
  }
  return { version, algIndex, path, manifest };
}
