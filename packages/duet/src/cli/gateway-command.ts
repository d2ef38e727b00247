import { once } from "node:events";
import type { GatewayEvent } from "@duet/gateway";
import { duetHome, ensureHome } from "../embedded/installation.ts";
import type { ConfigurationFlags } from "../gateway/configuration.ts";
import { coloursFor } from "../view/colours.ts";
import { exitCode } from "./exit-code.ts";
import { Interruption } from "./interruption.ts";

/** The slowest driver has ended by then, after the calls have. Milliseconds. */
const DRIVERS_END_MS = 20_000;

/** The options of `duet gateway`. */
export interface GatewayCommandOptions extends ConfigurationFlags {
  readonly json: boolean;
}

/** Runs a gateway until it is ended by a signal; gives the exit code, which is 0 then. */
export async function gatewayCommand(options: GatewayCommandOptions): Promise<number> {
  // It has had its effect on this process (`bin/duet.mjs`), and would slow the drivers down.
  if (process.env.MALLOC_ARENA_MAX === "1") delete process.env.MALLOC_ARENA_MAX;
  const home = duetHome();
  const colours = coloursFor(process.stderr);
  const isTerminal = process.stderr.isTTY;
  let ending = (): void => undefined;
  let patience = DRIVERS_END_MS;
  using interruption = new Interruption({
    onFirst: ({ message }) => {
      ending();
      if (isTerminal) process.stderr.write(`${message}: ending … (once more: at once)\n`);
    },
    // Drivers watch their standard input, and end with this process.
    onForce: () => undefined,
    patience: () => patience,
  });
  const { readConfiguration } = await import("../gateway/read-configuration.ts");
  const configuration = await readConfiguration(options);
  patience += configuration.endGrace;
  await ensureHome(home);
  const [{ runGateway }, { startFailure }, { describeEvent }, { started, startedJson }] = await Promise.all([
    import("../gateway/run-gateway.ts"),
    import("../gateway/start-failure.ts"),
    import("@duet/gateway"),
    import("../gateway/started-text.ts"),
  ]);
  const { signal } = interruption;
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  await using running = await runGateway(configuration, {
    ...{ home, signal, log: isTerminal ? "file" : "stderr" },
    onLine: (line) => {
      if (isTerminal) say(colours.dim(line));
    },
    onEvent: (event) => {
      if (isTerminal && isNotable(event)) say(`${clock()}  ${describeEvent(event)}`);
    },
  }).catch((error: unknown) => {
    throw startFailure(error);
  });
  ending = () => {
    running.admin.ending();
  };
  const reopen = (): void => {
    running.reopen();
  };
  process.on("SIGUSR2", reopen);
  const text = options.json
    ? startedJson(configuration, running)
    : started(configuration, running, coloursFor(process.stdout));
  process.stdout.write(`${text}\n`);
  if (!signal.aborted) await once(signal, "abort");
  process.off("SIGUSR2", reopen);
  return exitCode.succeeded;
}

/** What a person at the terminal wants to see pass by. */
function isNotable(event: GatewayEvent): boolean {
  switch (event.type) {
    case "driver-changed":
    case "session-moved":
    case "credentials-read":
      return true;
    case "session-ended":
      return event.because === "lost";
    default:
      return false;
  }
}

const clock = (): string => new Date().toLocaleTimeString("sv");
