import { randomUUID } from "node:crypto";
import { RayJobs } from "@duet/ray";
import * as v from "valibot";
import type { ScriptCluster } from "./cluster-options.ts";
import { startFailure } from "./job-failure.ts";
import { quote } from "./shell-word.ts";
import { wiringPackages } from "./wiring-packages.ts";

const probe = v.object({
  python: v.string(),
  executable: v.string(),
  node: v.string(),
  ray: v.nullable(v.string()),
  pyspark: v.nullable(v.string()),
  installer: v.boolean(),
  lake: v.nullable(v.string()),
  spark: v.nullable(v.string()),
});

/**
 * A cluster as a script on it finds it: the Python that would run it, versions of Ray and PySpark there, whether Ray
 * can build environments (`installer`), and why the lake and Spark cannot be reached (null: they can).
 */
export type ClusterProbe = Readonly<v.InferOutput<typeof probe>>;

const MARK = "duet-probe:";

/**
 * Runs a small job that looks at the cluster from inside.
 * @throws {RayJobsError}
 * @throws {ClusterRunError} when the job does not come to its first line
 */
export async function probeCluster(
  cluster: ScriptCluster,
  pythonPath: string,
  signal: AbortSignal,
): Promise<ClusterProbe> {
  await using jobs = new RayJobs(cluster.jobs);
  const packages = await wiringPackages(pythonPath);
  const modules = await Promise.all(packages.map(({ name, bytes }) => jobs.upload(name, bytes, signal)));
  const id = `duet-doctor-${randomUUID()}`;
  const wanted = JSON.stringify({ lake: cluster.lake, spark: cluster.spark?.url });
  await jobs.submit(
    {
      id,
      entrypoint: `exec ${quote(cluster.python ?? "python")} -m duet.script.job_probe ${quote(wanted)}`,
      runtimeEnv: { py_modules: modules },
      metadata: {},
    },
    signal,
  );
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of jobs.log(id, { follow: true, signal }))
    text += decoder.decode(bytes, { stream: true });
  const lines = text.split("\n");
  const line = lines.find((candidate) => candidate.startsWith(MARK));
  if (line === undefined) throw startFailure(await jobs.get(id, signal), lines);
  return v.parse(probe, JSON.parse(line.slice(MARK.length)));
}
