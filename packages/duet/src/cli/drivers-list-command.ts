import type { PoolReport } from "@duet/gateway/admin";
import { coloursFor } from "../view/colours.ts";
import { driversText } from "../view/drivers-text.ts";
import { askGateway, type DriversOptions } from "./ask-gateway.ts";
import { exitCode } from "./exit-code.ts";

/** The width of a table that goes into a file or another program. */
const PLAIN_WIDTH = 100;

/** Lists a gateway's drivers, once or until Ctrl-C. Gives the exit code. */
export async function listDrivers(options: DriversOptions & { readonly watch: boolean }): Promise<number> {
  const { watch, json } = options;
  const code = await askGateway(options, async (client, signal) => {
    if (!watch) print(await client.report(signal), json);
    else if (json || !process.stdout.isTTY)
      for await (const report of client.watch(signal)) print(report, json);
    else await redraw(client.watch(signal));
  });
  // Ctrl-C is how watching ends.
  return watch && code === exitCode.interrupted ? exitCode.succeeded : code;
}

function print(report: PoolReport, json: boolean): void {
  process.stdout.write(`${json ? JSON.stringify(report) : textOf(report)}\n`);
}

function textOf(report: PoolReport): string {
  const { stdout } = process;
  return driversText(report, stdout.isTTY ? stdout.columns : PLAIN_WIDTH, coloursFor(stdout));
}

/** Draws each report over the one before, and leaves the last one standing. */
async function redraw(reports: AsyncIterable<PoolReport>): Promise<void> {
  const { createLogUpdate } = await import("log-update");
  const draw = createLogUpdate(process.stdout);
  let last: PoolReport | undefined;
  const again = (): void => {
    if (last !== undefined)
      draw(`${textOf(last)}\n${coloursFor(process.stdout).dim(`${last.url} · ${clock()} · Ctrl-C ends`)}`);
  };
  process.stdout.on("resize", again);
  try {
    for await (const report of reports) {
      last = report;
      again();
    }
  } finally {
    process.stdout.off("resize", again);
    draw.done();
  }
}

const clock = (): string => new Date().toLocaleTimeString("sv");
