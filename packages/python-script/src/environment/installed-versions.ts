import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ClusterVersions, EnvironmentInstallation } from "./script-environment.ts";

/** The Python and the Ray of this installation, read without starting a process. */
export async function installedVersions(installation: EnvironmentInstallation): Promise<ClusterVersions> {
  const environment = dirname(dirname(installation.python));
  const settings = await readFile(join(environment, "pyvenv.cfg"), "utf8");
  const python = /^version(?:_info)?\s*=\s*(\d+\.\d+\.\d+)/mu.exec(settings)?.[1];
  if (python === undefined) throw new Error(`${environment}/pyvenv.cfg does not say its Python's version`);
  const packages = join(environment, "lib", `python${minorOf(python)}`, "site-packages");
  for (const entry of await readdir(packages)) {
    const ray = /^ray-(\d[^-]*)\.dist-info$/u.exec(entry)?.[1];
    if (ray !== undefined) return { python, ray };
  }
  throw new Error(`${packages} has no Ray`);
}

/** Duet's own PySpark for a script, as a requirement: `pyspark-client==4.2.0`. */
export async function pysparkRequirement(
  installation: EnvironmentInstallation,
  spark: "connect" | "classic",
): Promise<string> {
  const [file, name] =
    spark === "classic" ? ["requirements-apache.in", "pyspark"] : ["requirements.in", "pyspark-client"];
  const text = await readFile(join(installation.pythonPath, file), "utf8");
  const line = text.split("\n").find((item) => new RegExp(`^${name}(?![\\w-])`, "u").test(item));
  if (line === undefined) throw new Error(`${file} has no ${name}`);
  return line.trim();
}

/** `3.11.7` → `3.11` */
export const minorOf = (version: string): string => version.split(".").slice(0, 2).join(".");
