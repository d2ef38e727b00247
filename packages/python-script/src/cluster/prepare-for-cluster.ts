import { resolve } from "node:path";
import type { RayJobs } from "@duet/ray";
import { analyseScript } from "../analysis/analyse-script.ts";
import { chooseSpark } from "../analysis/choose-spark.ts";
import type { ScriptAnalysis } from "../analysis/script-analysis.ts";
import { clusterRuntimeEnv } from "../environment/cluster-runtime-env.ts";
import { ScriptRefused } from "../script-refused.ts";
import type { ClusterScriptOptions } from "./cluster-options.ts";

/**
 * Finds out what a script needs of a cluster, and gives its environment in Ray's words.
 * @throws {ScriptRefused} for a Spark that the profile does not have
 * @throws {ScriptEnvironmentError}
 * @throws {RayJobsError}
 */
export async function prepareForCluster(
  options: ClusterScriptOptions,
  jobs: RayJobs,
  onNote: (text: string) => void,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const { installation, script, workingDirectory, environmentFile, cluster } = options;
  const { python, pythonPath } = installation;
  const [analysis, versions] = await Promise.all([
    analyseScript({ python, pythonPath, script, workingDirectory, signal }),
    jobs.version(signal),
  ]);
  checkSpark(options, analysis);
  // A script that asks for no packages runs in the Python that the cluster has, if that can reach Spark.
  const asksForNothing = environmentFile === undefined && analysis.metadata.length === 0;
  if (asksForNothing && (cluster.pyspark === true || !analysis.engines.includes("spark"))) return {};
  return clusterRuntimeEnv({
    installation,
    source: {
      script: resolve(workingDirectory, script),
      metadata: analysis.metadata,
      ...(environmentFile === undefined
        ? {}
        : { environmentFile: resolve(workingDirectory, environmentFile) }),
    },
    spark: "connect",
    cluster: { python: versions.pythonVersion, ray: versions.rayVersion },
    onNote,
    signal,
  });
}

function checkSpark({ cluster, script }: ClusterScriptOptions, analysis: ScriptAnalysis): void {
  if (!analysis.engines.includes("spark")) return;
  const choice = chooseSpark(analysis, "remote");
  if (choice.kind === "impossible") {
    const { file, line } = choice.use;
    throw new ScriptRefused("classic-spark-needed", choice.message, { help: choice.help, file, line });
  }
  if (cluster.spark === undefined) {
    throw new ScriptRefused(
      "spark-not-in-profile",
      `${script} uses Spark, and the profile ${cluster.profile} names none that a Ray cluster reaches`,
      { help: 'add its address to the profile in duet.toml: spark = "sc://host:15002"' },
    );
  }
}
