import { randomUUID } from "node:crypto";
import { rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { environmentPython, pythonPath } from "../embedded/installation.ts";
import { packageVersion } from "../embedded/package-version.ts";
import { reachRay, reachSpark } from "../embedded/remote-engines.ts";
import { scriptCluster } from "../profiles/script-cluster.ts";
import { type Profile, type ProfileRay, sparkConnectUrl } from "../profiles/profile.ts";
import type { Check, Finding } from "./finding.ts";

type RemoteSpark = Extract<Profile["spark"], { kind: "remote" }>;

type Found = Omit<Finding, "name">;

/** How long a connection to Ray's head may take. Milliseconds. */
const CONNECT_PATIENCE_MS = 5_000;
const HERE_ONLY = "only scripts that run here (--here) and MLSQL scripts need it";

/** Looks at every link of a profile: from here to its engines, and on its cluster from inside. */
export function profileChecks(profile: Profile): readonly Check[] {
  const { spark, ray, lake } = profile;
  return [
    { name: "profile", look: () => Promise.resolve({ state: "ok", detail: profileText(profile) }) },
    ...(spark.kind === "remote" ? [sparkCheck(spark)] : []),
    ...(lake === undefined ? [noLake(profile)] : [lakeCheck(lake)]),
    ...(ray === undefined ? [] : rayChecks(profile, ray)),
  ];
}

function rayChecks(profile: Profile, ray: ProfileRay): readonly Check[] {
  const { jobs, address, bridge } = ray;
  return [
    ...(jobs === undefined ? [] : [jobsCheck(jobs, ray.token), clusterCheck(profile)]),
    ...(address === undefined ? [] : [headCheck(address)]),
    ...(bridge === undefined ? [] : [bridgeCheck(bridge)]),
  ];
}

const profileText = ({ name, file }: Profile): string => `${name}, ${file ?? "built in"}`;

const sparkCheck = (spark: RemoteSpark): Check => ({
  name: "Spark",
  look: async (signal) => {
    const { description } = await reachSpark(sparkConnectUrl(spark), signal, spark.authorities);
    return { state: "ok", detail: `${description} at ${spark.url}` };
  },
});

function noLake({ ray, spark }: Profile): Check {
  const isElsewhere = ray !== undefined || spark.kind === "remote";
  const warning: Found = {
    state: "warning",
    detail: "the profile names none: tables are handed over without files, in memory",
    help: 'add a folder that Spark, Ray and the script reach: lake = "/shared/lake"',
  };
  return {
    name: "lake",
    look: () => Promise.resolve(isElsewhere ? warning : { state: "ok", detail: "this machine's own files" }),
  };
}

const lakeCheck = (lake: string): Check => ({
  name: "lake, from here",
  look: async () => {
    const probe = join(lake, `.duet-probe-${randomUUID()}`);
    try {
      await stat(lake);
      await writeFile(probe, "probe");
      return { state: "ok", detail: `${lake} can be written` };
    } catch (error) {
      const detail = `${lake} cannot be written: ${(error as Error).message}`;
      return { state: "warning", detail, help: `mount it here too; ${HERE_ONLY}` };
    } finally {
      await rm(probe, { force: true });
    }
  },
});

const jobsCheck = (url: string, token: string | undefined): Check => ({
  name: "Ray's Jobs API",
  look: async (signal) => {
    const { RayJobs } = await import("@duet/ray");
    await using jobs = new RayJobs({ url, ...(token === undefined ? {} : { token }) });
    const { rayVersion, pythonVersion } = await jobs.version(signal);
    const detail = `Ray ${rayVersion}, Python ${pythonVersion} at ${url}`;
    const own = packageVersion(".venv", "ray");
    if (own === rayVersion) return { state: "ok", detail };
    const help = `scripts on the cluster are not concerned; for --here and the bridge use Duet with Ray ${rayVersion}`;
    return { state: "warning", detail: `${detail}; Duet's own is Ray ${own ?? "missing"}`, help };
  },
});

const clusterCheck = (profile: Profile): Check => ({
  name: "a job on the cluster",
  look: async (signal) => {
    environmentPython(".venv");
    const { probeCluster } = await import("@duet/python-script");
    const found = await probeCluster(await scriptCluster(profile, signal), pythonPath, signal);
    const { python, ray, pyspark, executable, node, installer, lake, spark } = found;
    const detail = `Python ${python} (${executable}) on ${node}, Ray ${ray ?? "missing"}, PySpark ${pyspark ?? "missing"}`;
    if (ray === null) {
      const help = `name Ray's Python on the nodes: [profiles.${profile.name}.ray] python = "/…/bin/python"`;
      return { state: "problem", detail, help };
    }
    if (spark !== null) {
      return {
        state: "problem",
        detail: `Spark cannot be reached from ${node}: ${spark}`,
        help: "open the network from the cluster to Spark's port",
      };
    }
    if (lake !== null) {
      return {
        state: "problem",
        detail: `the lake cannot be written on ${node}: ${lake}`,
        help: "mount it on all nodes of the cluster",
      };
    }
    const needsInstaller = profile.ray?.pyspark !== true || pyspark === null;
    if (!installer && needsInstaller) {
      return {
        state: "warning",
        detail: `${detail}; neither pip nor uv`,
        help: "Ray cannot build environments there: install pip or uv into that Python",
      };
    }
    return { state: "ok", detail };
  },
});

const headCheck = (address: string): Check => ({
  name: "Ray's head, from here",
  look: async () => {
    const { host, port } = /^(?:ray:\/\/)?\[?(?<host>[^\]]+?)\]?:(?<port>\d+)$/u.exec(address)?.groups ?? {};
    const reason = await connectReason(host ?? "", Number(port));
    if (reason === undefined) return { state: "ok", detail: `${address} answers` };
    const help = "scripts on the cluster are not concerned; --here needs it";
    return { state: "warning", detail: `${address} cannot be reached: ${reason}`, help };
  },
});

const bridgeCheck = ({ url, token }: { readonly url: string; readonly token: string }): Check => ({
  name: "bridge",
  look: async (signal) => ({ state: "ok", detail: (await reachRay(url, token, signal)).description }),
});

/** Why nobody answers at a port; undefined where somebody does. */
function connectReason(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (reason: string | undefined): void => {
      socket.destroy();
      resolve(reason);
    };
    socket.setTimeout(CONNECT_PATIENCE_MS, () => {
      settle(`no answer in ${CONNECT_PATIENCE_MS / 1000} s`);
    });
    socket.once("connect", () => {
      settle(undefined);
    });
    socket.once("error", (error) => {
      settle(error.message);
    });
  });
}
