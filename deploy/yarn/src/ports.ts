/** Everything that listens, in the order of the ports from the first on. */
const LISTENERS = [
  "nameNode",
  "nameNodeWeb",
  "dataNode",
  "dataNodeWeb",
  "dataNodeCalls",
  "resourceManager",
  "scheduler",
  "tracker",
  "resourceManagerAdmin",
  "resourceManagerWeb",
  "nodeManager",
  "localizer",
  "nodeManagerWeb",
  "postgres",
  "metastore",
  "ray",
  "rayDashboard",
  "rayAgent",
  "rayAgentCalls",
  "rayEnvironments",
  "rayNode",
  "rayObjects",
  "rayMetrics",
  "rayClient",
  "spark1",
  "spark2",
] as const;

/** Something of the cluster that listens on a port of its own. */
export type Listener = (typeof LISTENERS)[number];

/** The cluster's ports, all on 127.0.0.1. */
export type Ports = Readonly<Record<Listener, number>> & {
  /** Of Ray's workers: the first and the last. */
  readonly rayWorkers: readonly [number, number];
};

/** Below the range from which Linux takes ports for outgoing connections. */
export const DEFAULT_FIRST_PORT = 24000;

/** How many ports belong to the cluster from its first one on. */
export const PORT_COUNT = 300;

/** The ports of a cluster that has those from `first` on. */
export function portsFrom(first: number): Ports {
  const single = Object.fromEntries(LISTENERS.map((name, index) => [name, first + index])) as Record<
    Listener,
    number
  >;
  return { ...single, rayWorkers: [first + 100, first + PORT_COUNT - 1] };
}
