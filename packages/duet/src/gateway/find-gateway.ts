import { AdminClient } from "@duet/gateway/admin";
import { UsageError } from "../cli/usage-error.ts";
import { EngineStartError } from "../embedded/engine-start-error.ts";
import { runningGateways } from "./gateway-record.ts";

/**
 * The admin listener that `duet drivers` asks: the one that is named, with its token in `DUET_ADMIN_TOKEN`, else that of
 * the only gateway of this `$DUET_HOME`.
 * @throws {UsageError} no token, or several gateways
 * @throws {EngineStartError} `gateway-unreachable` when none runs
 */
export async function findGateway(
  home: string,
  admin: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<AdminClient> {
  const running = await runningGateways(home);
  if (admin !== undefined) {
    if (!/^https?:\/\/[^/\s]+\/*$/u.test(admin))
      throw new UsageError(`--admin ${admin} is no address like http://127.0.0.1:15003`);
    const url = admin.replace(/\/+$/u, "");
    const token =
      environment.DUET_ADMIN_TOKEN ?? running.find(({ adminUrl }) => adminUrl === url)?.adminToken;
    if (token === undefined || token === "")
      throw new UsageError(`the gateway at ${url} asks for a token`, "set DUET_ADMIN_TOKEN to it");
    return new AdminClient({ url, token });
  }
  const [only, ...others] = running;
  if (only === undefined) {
    throw new EngineStartError({
      code: "gateway-unreachable",
      message: `no gateway runs here (${home})`,
      help: "start one with `duet gateway`, or name another machine's: --admin http://host:15003",
    });
  }
  if (others.length > 0) {
    const urls = running.map(({ adminUrl }) => adminUrl).join(", ");
    throw new UsageError(`${running.length} gateways run here: ${urls}`, "name one: --admin URL");
  }
  return new AdminClient({ url: only.adminUrl, token: only.adminToken });
}
