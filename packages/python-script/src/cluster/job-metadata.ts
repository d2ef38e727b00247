import type { RayJob } from "@duet/ray";

/** What a job of Duet says about itself, for `duet runs` on any machine. */
export interface ClusterRunInfo {
  readonly run: string;
  /** As it was written on the command line. */
  readonly script: string;
  readonly arguments: readonly string[];
  readonly profile: string;
  readonly user: string;
  readonly host: string;
}

/** The metadata of a job: Ray takes texts only. */
export function metadataOf(info: ClusterRunInfo): Readonly<Record<string, string>> {
  return {
    "duet.run": info.run,
    "duet.script": info.script,
    "duet.arguments": JSON.stringify(info.arguments),
    "duet.profile": info.profile,
    "duet.user": info.user,
    "duet.host": info.host,
  };
}

/** Reads it back; undefined for a job that is not Duet's. */
export function runInfo(job: Pick<RayJob, "metadata">): ClusterRunInfo | undefined {
  const { metadata } = job;
  const run = metadata["duet.run"];
  const script = metadata["duet.script"];
  if (run === undefined || script === undefined) return undefined;
  return {
    ...{ run, script, arguments: readTexts(metadata["duet.arguments"]) },
    profile: metadata["duet.profile"] ?? "",
    user: metadata["duet.user"] ?? "",
    host: metadata["duet.host"] ?? "",
  };
}

function readTexts(text: string | undefined): readonly string[] {
  const value: unknown = JSON.parse(text ?? "[]");
  return Array.isArray(value) ? value.map(String) : [];
}
