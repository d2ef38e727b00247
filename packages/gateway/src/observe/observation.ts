import type { Driver } from "../drivers/driver.ts";
import type { GatewayEvents } from "../events.ts";
import { auditOperations, type AuditOptions } from "./audit-trail.ts";
import { type GatewayLog, logEvents, type LogLevel, makeLog } from "./event-log.ts";
import { LineFile } from "./line-file.ts";
import { GatewayMetrics } from "./metrics.ts";

/** Where a gateway's log and audit trail go. */
export interface ObservationOptions {
  /** A file, or a descriptor (2: standard error). */
  readonly log: { readonly target: string | number; readonly level: LogLevel };
  readonly audit: AuditOptions & { readonly file: string };
}

/** Log, audit trail and metrics of a gateway. Disposing of it writes what is left of them. */
export class Observation implements AsyncDisposable {
  readonly log: GatewayLog;
  readonly #options: ObservationOptions;
  readonly #logFile: LineFile;
  readonly #auditFile: LineFile;
  readonly #opened: AsyncDisposableStack;

  private constructor(
    options: ObservationOptions,
    log: GatewayLog,
    files: { readonly log: LineFile; readonly audit: LineFile },
    opened: AsyncDisposableStack,
  ) {
    this.#options = options;
    this.log = log;
    this.#logFile = files.log;
    this.#auditFile = files.audit;
    this.#opened = opened;
  }

  /** Opens log and audit trail; rejects when one of the files cannot be opened. */
  static async open(options: ObservationOptions): Promise<Observation> {
    await using opened = new AsyncDisposableStack();
    const { target, level } = options.log;
    // Of a log that cannot be written the metrics tell.
    const logFile = opened.use(await LineFile.open(target, () => undefined));
    const log = makeLog(logFile, level);
    const { file } = options.audit;
    const auditFile = opened.use(
      await LineFile.open(file, (error) => {
        log.error({ err: error }, `${file} cannot be written: operations go on without their lines`);
      }),
    );
    return new Observation(options, log, { log: logFile, audit: auditFile }, opened.move());
  }

  /** Begins to observe a gateway; gives its metrics. */
  attach(gateway: {
    readonly events: GatewayEvents;
    readonly drivers: () => readonly Driver[];
  }): GatewayMetrics {
    const { events, drivers } = gateway;
    this.#opened.use(logEvents(events, this.log));
    this.#opened.use(auditOperations(events, this.#auditFile, this.#options.audit));
    const lostLines = (): number => this.#logFile.lost + this.#auditFile.lost;
    return this.#opened.use(new GatewayMetrics(events, { drivers, lostLines }));
  }

  /** Opens log and audit trail anew, after they were renamed. */
  reopen(): void {
    if (typeof this.#options.log.target === "string") this.#logFile.reopen();
    this.#auditFile.reopen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }
}
