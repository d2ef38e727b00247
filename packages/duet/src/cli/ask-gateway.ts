import { AdminError, AdminUnreachableError, type AdminClient } from "@duet/gateway/admin";
import { EngineStartError } from "../embedded/engine-start-error.ts";
import { duetHome } from "../embedded/installation.ts";
import { findGateway } from "../gateway/find-gateway.ts";
import { exitCode } from "./exit-code.ts";
import { Interruption } from "./interruption.ts";
import { printError } from "./print-error.ts";

/** What all of `duet drivers` have. */
export interface DriversOptions {
  /** Of the admin listener; undefined: of the gateway of this machine. */
  readonly admin: string | undefined;
  readonly json: boolean;
}

/** What to do about what a gateway refuses. */
const HELP: Readonly<Record<string, string>> = {
  "driver-unknown": "duet drivers ls shows them",
  "driver-exists": "give it another name: --id",
  "pool-busy": "wait until that has ended; duet drivers ls --watch shows it",
};

/**
 * Asks the gateway something; gives 0, or 1 when the gateway refuses. Ctrl-C ends the asking, and what is to be said
 * about that stands in `onInterrupt`.
 */
export async function askGateway(
  { admin }: DriversOptions,
  ask: (client: AdminClient, signal: AbortSignal) => Promise<void>,
  onInterrupt?: string,
): Promise<number> {
  using interruption = new Interruption({
    onFirst: ({ message }) => {
      if (onInterrupt !== undefined) process.stderr.write(`${message}: ${onInterrupt}\n`);
    },
    onForce: () => undefined,
  });
  try {
    await ask(await findGateway(duetHome(), admin), interruption.signal);
    return exitCode.succeeded;
  } catch (error) {
    if (interruption.exitCode !== undefined) return interruption.exitCode;
    if (error instanceof AdminUnreachableError) {
      const help = "see that it runs: duet gateway";
      throw new EngineStartError({ code: "gateway-unreachable", message: error.message, help, cause: error });
    }
    if (!(error instanceof AdminError)) throw error;
    printError({ code: error.code, message: error.message, help: HELP[error.code] });
    return exitCode.failed;
  }
}
