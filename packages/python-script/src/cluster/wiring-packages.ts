import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { type JobPackage, makePackage, type PackageFile, RayJobs, type RayJobsAddress } from "@duet/ray";

/**
 * What a script's processes need of Duet on a cluster: the Python package `duet`, and the folder with the
 * `sitecustomize` that wires them. Two packages, since each becomes an entry of Python's path, and the second one is
 * taken off it again. They change with Duet alone, so a cluster gets them once.
 */
export async function wiringPackages(pythonPath: string): Promise<readonly JobPackage[]> {
  const site = await pythonFiles(join(pythonPath, "script_site"), "");
  const own = await pythonFiles(join(pythonPath, "duet"), "duet/");
  return [makePackage(site), makePackage(own)];
}

async function pythonFiles(folder: string, prefix: string): Promise<readonly PackageFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isFile() && entry.name.endsWith(".py"))
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        const name = `${prefix}${relative(folder, path).split(sep).join("/")}`;
        return { path: name, content: await readFile(path), executable: false };
      }),
  );
}

/** Sends them to a cluster, and gives their addresses for `py_modules`. @throws {RayJobsError} */
export async function uploadWiring(
  address: RayJobsAddress,
  pythonPath: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  await using jobs = new RayJobs(address);
  const packages = await wiringPackages(pythonPath);
  return await Promise.all(packages.map(({ name, bytes }) => jobs.upload(name, bytes, signal)));
}
