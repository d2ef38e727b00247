import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Driver } from "../drivers/driver.ts";
import type { DriverState } from "../drivers/driver-state.ts";
import type { GatewayEvent, GatewayEvents } from "../events.ts";

const STATES: readonly DriverState[] = ["starting", "ready", "draining", "lost", "stopped"];

/** Seconds; calls of a fraction of a millisecond are usual, and operations of an hour happen. */
const CALL_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const LONG_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 3600];

/** Where the numbers that are asked for at each scrape come from. */
export interface MetricSources {
  readonly drivers: () => readonly Driver[];
  /** Audit and log lines that could not be written. */
  readonly lostLines: () => number;
}

/** A gateway's metrics in Prometheus' text format. No label holds what a client says: users and sessions are many. */
export class GatewayMetrics implements Disposable {
  readonly #registry = new Registry();
  readonly #listening: Disposable;

  constructor(events: GatewayEvents, sources: MetricSources) {
    collectDefaultMetrics({ register: this.#registry });
    const registers = [this.#registry];
    const record = recorder(registers);
    this.#listening = events.listen(record);
    observeDrivers(registers, sources.drivers);
    new Gauge({
      name: "duet_gateway_lines_lost",
      help: "Lines of log and audit trail that could not be written.",
      registers,
      collect() {
        this.set(sources.lostLines());
      },
    });
  }

  /** The media type of {@link text}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics as they are now. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
    this.#registry.clear();
  }
}

/** Counts what events tell. */
function recorder(registers: readonly Registry[]): (event: GatewayEvent) => void {
  const calls = new Counter({
    ...{ name: "duet_gateway_calls_total", help: "Answered calls.", registers: [...registers] },
    labelNames: ["method", "status", "code"],
  });
  const callSeconds = new Histogram({
    ...{ name: "duet_gateway_call_seconds", help: "How long calls took.", registers: [...registers] },
    ...{ labelNames: ["method"], buckets: CALL_BUCKETS },
  });
  const bytes = new Counter({
    ...{ name: "duet_gateway_bytes_total", help: "Bytes of messages.", registers: [...registers] },
    labelNames: ["direction"],
  });
  const operations = new Counter({
    ...{ name: "duet_gateway_operations_total", help: "Ended operations.", registers: [...registers] },
    labelNames: ["driver", "kind", "outcome"],
  });
  const operationSeconds = new Histogram({
    ...{
      name: "duet_gateway_operation_seconds",
      help: "How long operations took.",
      registers: [...registers],
    },
    ...{ labelNames: ["kind"], buckets: LONG_BUCKETS },
  });
  const rows = new Counter({
    ...{ name: "duet_gateway_rows_total", help: "Rows delivered.", registers: [...registers] },
    labelNames: ["driver"],
  });
  const retries = new Counter({
    name: "duet_gateway_operations_repeated_total",
    help: "Operations that were made again on another driver.",
    registers: [...registers],
  });
  const opened = new Counter({
    name: "duet_gateway_sessions_opened_total",
    help: "Sessions opened.",
    registers: [...registers],
  });
  const ended = new Counter({
    ...{ name: "duet_gateway_sessions_ended_total", help: "Sessions ended.", registers: [...registers] },
    labelNames: ["because"],
  });
  const moveSeconds = new Histogram({
    ...{ name: "duet_gateway_session_move_seconds", help: "Moves of sessions.", registers: [...registers] },
    ...{ labelNames: ["because"], buckets: CALL_BUCKETS },
  });
  const changes = new Counter({
    ...{ name: "duet_gateway_driver_changes_total", help: "Changes of state.", registers: [...registers] },
    labelNames: ["driver", "state"],
  });
  const refused = new Counter({
    name: "duet_gateway_connections_refused_total",
    help: "Connections that ended before any call.",
    registers: [...registers],
  });
  return (event) => {
    switch (event.type) {
      case "call-ended":
        calls.inc({
          method: event.method,
          status: event.status === undefined ? "gone" : String(event.status),
          code: event.code ?? "",
        });
        callSeconds.observe({ method: event.method }, event.duration / 1000);
        bytes.inc({ direction: "request" }, event.requestBytes);
        bytes.inc({ direction: "response" }, event.responseBytes);
        break;
      case "operation-ended":
        operations.inc({ driver: event.driverId, kind: event.kind, outcome: event.outcome });
        operationSeconds.observe({ kind: event.kind }, event.duration / 1000);
        rows.inc({ driver: event.driverId }, event.rows);
        if (event.attempts > 1) retries.inc();
        break;
      case "session-opened":
        opened.inc();
        break;
      case "session-moved":
        moveSeconds.observe({ because: event.because }, event.duration / 1000);
        break;
      case "session-ended":
        ended.inc({ because: event.because });
        break;
      case "connection-refused":
        refused.inc();
        break;
      case "session-pinned":
      case "credentials-read":
        break;
      case "driver-changed":
        changes.inc({ driver: event.driverId, state: event.state });
        break;
    }
  };
}

/** Gauges that are read from the pool at each scrape, so that drivers which have gone leave no numbers behind. */
function observeDrivers(registers: readonly Registry[], drivers: () => readonly Driver[]): void {
  const labelNames = ["driver", "pool"];
  new Gauge({
    ...{ name: "duet_gateway_driver_state", help: "1 for the state that a driver is in, 0 for the others." },
    ...{ registers: [...registers], labelNames: [...labelNames, "state"] },
    collect() {
      this.reset();
      for (const { id, pool, state } of drivers())
        for (const other of STATES) this.set({ driver: id, pool, state: other }, Number(other === state));
    },
  });
  const gauge = (name: string, help: string, value: (driver: Driver) => number) =>
    new Gauge({
      ...{ name, help, registers: [...registers], labelNames },
      collect() {
        this.reset();
        for (const driver of drivers()) this.set({ driver: driver.id, pool: driver.pool }, value(driver));
      },
    });
  gauge("duet_gateway_driver_sessions", "Sessions on a driver.", ({ sessions }) => sessions);
  gauge("duet_gateway_driver_capacity", "Sessions that a driver takes.", ({ capacity }) => capacity);
  gauge("duet_gateway_driver_calls", "Calls that run on a driver.", ({ calls }) => calls);
}
