import { RayJobs } from "@duet/ray";
import type { Profile } from "../profiles/profile.ts";
import { UsageError } from "./usage-error.ts";

/** The Jobs API of the cluster that a run was sent to. @throws {UsageError} where its profile is not there */
export function clusterJobs(run: string, name: string, profiles: ReadonlyMap<string, Profile>): RayJobs {
  // A colleague's profile may have another name than ours for the same cluster.
  const profile = profiles.get(name) ?? [...profiles.values()].find(({ ray }) => ray?.jobs !== undefined);
  const url = profile?.ray?.jobs;
  if (url === undefined) {
    throw new UsageError(
      `${run} was sent to the cluster of the profile ${name}, which is not among the profiles here`,
      `go to a folder whose duet.toml has it, or name one that reaches the cluster: --profile NAME`,
    );
  }
  const token = profile?.ray?.token;
  return new RayJobs({ url, ...(token === undefined ? {} : { token }) });
}
