import type { Profile } from "../profiles/profile.ts";
import { profileIfThere, readProfile } from "../profiles/read-profile.ts";
import { listRuns, type RunList } from "./list-runs.ts";
import { readRunRecords } from "./run-record.ts";

/**
 * The runs that a person may mean: those of this machine and of the profile's cluster, and those sent from here to
 * other clusters whose end is not known yet.
 * @throws {ProfileError} for the profile that was named
 */
export async function knownRuns(
  home: string,
  profileName: string | undefined,
  signal: AbortSignal,
): Promise<RunList & { readonly profiles: ReadonlyMap<string, Profile> }> {
  const profile = await readProfile(profileName);
  const profiles = new Map([[profile.name, profile]]);
  for (const { place, end, profile: name } of await readRunRecords(home)) {
    if (place.kind === "here" || end !== undefined || profiles.has(name)) continue;
    const other = await profileIfThere(name);
    // A profile of another folder may have the same name, and another cluster.
    if (other?.ray?.jobs === place.jobs) profiles.set(name, other);
  }
  return { ...(await listRuns(home, [...profiles.values()], signal)), profiles };
}
