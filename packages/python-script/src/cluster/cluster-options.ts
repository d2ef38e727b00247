import type { RayJobsAddress } from "@duet/ray";
import type { EnvironmentInstallation } from "../environment/script-environment.ts";
import type { ScriptSpark } from "../script-message.ts";
import type { OutputWriter } from "./job-log-reader.ts";

/** A Ray cluster, and the Spark beside it, as a profile names them. */
export interface ScriptCluster {
  /** The profile's name. */
  readonly profile: string;
  readonly jobs: RayJobsAddress;
  /** A Spark Connect server that the cluster reaches; absent: scripts that ask for Spark are refused. */
  readonly spark?: ScriptSpark;
  /** A folder that Spark and all nodes of the cluster reach; absent: tables are handed over without files. */
  readonly lake?: string;
  /** Python on the cluster's nodes, where the one on their path is not Ray's. */
  readonly python?: string;
  /** That Python has PySpark: a script that asks for no packages needs no environment of its own. */
  readonly pyspark?: boolean;
}

/** A Python script that is to run on a cluster; nothing of it is in the script. */
export interface ClusterScriptOptions {
  /** As the user gave it; a relative path counts from `workingDirectory`. */
  readonly script: string;
  readonly arguments: readonly string[];
  readonly workingDirectory: string;
  /** The folder that is sent along; left out: the script's own. */
  readonly folder?: string;
  readonly cluster: ScriptCluster;
  readonly installation: EnvironmentInstallation;
  /** A conda YAML, a requirements file or a `pyproject.toml`; counts before the script's own metadata. */
  readonly environmentFile?: string;
  /** Stops the run as Ctrl-C would stop a script here. */
  readonly signal?: AbortSignal;
}

/** How a run on a cluster is watched. */
export interface ClusterRunOptions extends ClusterScriptOptions {
  /** Takes the script's output; left out: whole lines become `log` events. */
  readonly onOutput?: OutputWriter;
  /** Submits only: the events end when Ray has taken the job, without `run-finished`. */
  readonly detach?: boolean;
  /** Stops watching; the job goes on, and the events end without `run-finished`. */
  readonly leave?: AbortSignal;
}
