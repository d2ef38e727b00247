/**
 * One of three drivers is killed (`kill -9`) while 20 sessions of the stock client live on it, each with settings, views, a
 * Python function and, on Apache Spark, an artifact; the others have two each. Right after, they are asked one after the other; after a second kill
 * all at once.
 * `node bench/gateway-failover.ts [--quick | --apache]`: Sail and Apache Spark, with `--quick` Sail alone, with `--apache`
 * Apache Spark alone.
 */
import { SESSION_CLIENTS } from "@duet/gateway/testing";
import { startPeer } from "./lib/command.ts";
import { type DriverNow, type GatewayProcess, startGatewayProcess } from "./lib/gateway-process.ts";
import { python } from "./lib/machine.ts";
import { type Comparison, report } from "./lib/report.ts";

/** Sessions on the driver that is killed, and on the two others together. */
const SESSIONS = 20;
const OTHERS = 4;

const ENGINES = {
  sail: { name: "Sail", limit: 2 },
  apache: { name: "Apache Spark", limit: 5 },
} as const;

interface Outcome {
  readonly comparisons: readonly Comparison[];
  readonly note: string;
}

async function measure(kind: keyof typeof ENGINES): Promise<Outcome> {
  const { name, limit } = ENGINES[kind];
  await using gateway = await startGatewayProcess({ drivers: [{ id: "one", kind }] });
  await using clients = await startPeer(python, [SESSION_CLIENTS, gateway.gateway, kind]);
  await clients.ask({ do: "open", count: SESSIONS });
  // The other drivers come later, so that all these sessions are on the first; they have some of their own then.
  for (const id of ["two", "three"]) await gateway.add({ id, kind });
  await clients.ask({ do: "open", count: OTHERS });
  await clients.ask({ do: "ask", kill: 0, atOnce: 2 });
  const ask = async (kill: number, atOnce: number) =>
    clients.ask({ do: "ask", kill, atOnce, first: SESSIONS });
  const undisturbed = await ask(0, SESSIONS);
  const victim = await fullest(gateway);
  if (victim.sessions !== SESSIONS) throw new Error(`${String(victim.sessions)} sessions are on the driver`);
  const inTurn = await ask(victim.process, 1);
  const again = await fullest(gateway);
  const atOnce = await ask(again.process, SESSIONS);
  await clients.ask({ do: "close" });
  const goOn = (how: string, ours = 0): Comparison => ({
    ...{ what: `${name}: sessions that go on, ${how}`, unit: `of ${String(SESSIONS)}`, ours },
    target: { kind: "at-least", value: SESSIONS },
  });
  const time = (what: string, ours = NaN): Comparison => ({
    ...{ what: `${name}: ${what}`, unit: "s", ours, target: { kind: "at-most", value: limit } },
  });
  return {
    comparisons: [
      goOn("asked in turn", inTurn.goOn),
      time("the first answer after the kill", inTurn.first),
      time("the answer to the slowest session", inTurn.slowest),
      goOn("asked at once", atOnce.goOn),
    ],
    note: `${name}, a second kill, of a driver with ${String(again.sessions)} of the sessions, and all 20 ask at once: the last has its answer after ${seconds(atOnce.last)}; without a kill after ${seconds(undisturbed.last)}.`,
  };
}

/** The driver with the most sessions. */
async function fullest(gateway: GatewayProcess): Promise<DriverNow> {
  const drivers = await gateway.drivers();
  return drivers.reduce((most, driver) => (driver.sessions > most.sessions ? driver : most));
}

function seconds(value = NaN): string {
  return `${value.toFixed(1)} s`;
}

const kinds = (["sail", "apache"] as const).filter(
  (kind) => !process.argv.includes(kind === "sail" ? "--apache" : "--quick"),
);
const outcomes: Outcome[] = [];
for (const kind of kinds) outcomes.push(await measure(kind));
await report(
  "gateway-failover",
  outcomes.flatMap(({ comparisons }) => comparisons),
  [
    "An answer is a session's whole: rows through two views and the Python function, the setting, the same server-side session, on Apache Spark a function that imports the artifact. In turn: one session asks after the other; a session is moved when it asks.",
    ...outcomes.map(({ note }) => note),
  ],
);
