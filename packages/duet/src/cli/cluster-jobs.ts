import { RayJobs } from "@duet/ray";
import type { Profile } from "../profiles/profile.ts";
import { profileIfThere } from "../profiles/read-profile.ts";
import { UsageError } from "./usage-error.ts";

/**
 * The Jobs API of the cluster that a run was sent to: that of the profile that it was sent with, or of the one that
 * was asked for (a colleague's profile may have another name for the same cluster).
 * @throws {UsageError} where there is no such profile here
 */
export async function clusterJobs(
  { run, profile: name }: { readonly run: string; readonly profile: string },
  profiles: ReadonlyMap<string, Profile>,
): Promise<RayJobs> {
  const profile =
    profiles.get(name) ??
    (await profileIfThere(name)) ??
    [...profiles.values()].find(({ ray }) => ray?.jobs !== undefined);
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
