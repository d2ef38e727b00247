import { findSource } from "./environment-source.ts";
import { requestEnvironment } from "./environment-process.ts";
import type { EnvironmentRequest } from "./script-environment.ts";

/**
 * Describes a script's environment in Ray's words (`uv` or `conda` of a `runtime_env`), for a job on a cluster: the
 * user's packages and Duet's PySpark; Ray is the cluster's own. `{}` where nothing is described.
 * @throws {ScriptEnvironmentError} also for packages that lie on this machine only (`environment-unsupported`)
 */
export async function clusterRuntimeEnv(
  request: EnvironmentRequest,
): Promise<Readonly<Record<string, unknown>>> {
  const found = await findSource(request.source);
  const spec = found?.spec ?? {};
  return (await requestEnvironment(request, spec, "cluster")).runtimeEnv ?? {};
}
