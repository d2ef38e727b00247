/**
 * One of three drivers is killed (`kill -9`) while 20 sessions of the stock client live on it, each with settings, views, a
 * Python function and, on Apache Spark, an artifact. All are asked at once, right after.
 * `node bench/gateway-failover.ts [--quick | --apache]`: Sail and Apache Spark, with `--quick` Sail alone, with `--apache`
 * Apache Spark alone.
 */
import { SESSION_CLIENTS } from "@duet/gateway/testing";
import { startPeer } from "./lib/command.ts";
import { startGatewayProcess } from "./lib/gateway-process.ts";
import { python } from "./lib/machine.ts";
import { type Comparison, report } from "./lib/report.ts";

const SESSIONS = 20;

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
  // The other drivers come later, so that all sessions are on the first.
  for (const id of ["two", "three"]) await gateway.add({ id, kind });
  const before = await clients.ask({ do: "ask", kill: 0 });
  const [victim] = await gateway.drivers();
  if (victim?.sessions !== SESSIONS)
    throw new Error(`${String(victim?.sessions)} sessions are on the driver`);
  const after = await clients.ask({ do: "ask", kill: victim.process });
  await clients.ask({ do: "close" });
  const time = (what: string, ours = NaN): Comparison => ({
    ...{ what: `${name}: ${what}`, unit: "s", ours, target: { kind: "at-most", value: limit } },
  });
  return {
    comparisons: [
      {
        what: `${name}: sessions that go on, of ${String(SESSIONS)}`,
        unit: "sessions",
        ours: after.goOn ?? 0,
        target: { kind: "at-least", value: SESSIONS },
      },
      time("the first answer", after.first),
      time("the answer to the 10th", after.middle),
      time("the answer to the 20th", after.last),
    ],
    note: `${name} without a kill: the first answer after ${before.first?.toFixed(2) ?? ""} s, the 20th after ${before.last?.toFixed(2) ?? ""} s.`,
  };
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
    "Seconds from the kill to a session's whole answer: rows through two views and the Python function, the setting, the same server-side session, on Apache Spark the artifact. All 20 sessions ask at once.",
    ...outcomes.map(({ note }) => note),
  ],
);
