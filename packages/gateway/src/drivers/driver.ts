import { DriverConnection, type DriverAddress } from "../proxy/driver-connection.ts";
import { mayBecome, type DriverState } from "./driver-state.ts";
import type { CatalogReach, DriverFacts } from "./health.ts";
import type { Watch } from "./watch.ts";

/** What is told about a driver when it is added. */
export interface DriverOptions {
  /** Names it in logs and messages; unique in its pool. */
  readonly id: string;
  /** The label that clients choose by, with `x-duet-pool`; by default `default`. */
  readonly pool?: string;
  /** How many sessions it takes at once; by default 100. */
  readonly capacity?: number;
  /** The version that people see; by default what it says itself. */
  readonly version?: string;
}

/** The pool of drivers without a label, and of clients that ask for none. */
export const DEFAULT_POOL = "default";

const DEFAULT_CAPACITY = 100;

/** A Spark driver of the pool. */
export class Driver {
  readonly id: string;
  readonly pool: string;
  readonly capacity: number;
  /** Sessions that live on it; kept by who places them. */
  sessions = 0;
  /** Calls that run on it; kept by who routes them. */
  calls = 0;
  /** Why it is lost, in words; undefined when it is not. */
  lostBecause: string | undefined;
  readonly #givenVersion: string | undefined;
  readonly #changed: (driver: Driver, before: DriverState) => void;
  #state: DriverState = "starting";
  #facts: DriverFacts | undefined;
  #watch: Watch | undefined;
  #connection: DriverConnection | undefined;
  #workingFolder: string | undefined;

  constructor(options: DriverOptions, changed: (driver: Driver, before: DriverState) => void) {
    this.id = options.id;
    this.pool = options.pool ?? DEFAULT_POOL;
    this.capacity = options.capacity ?? DEFAULT_CAPACITY;
    this.#givenVersion = options.version;
    this.#changed = changed;
  }

  get state(): DriverState {
    return this.#state;
  }

  get version(): string | undefined {
    return this.#givenVersion ?? this.#facts?.version;
  }

  /**
   * Names its present life, said by the driver itself: it is another one after each start, and the same for every
   * gateway. Undefined while the driver is not there.
   */
  get life(): string | undefined {
    return this.#connection === undefined ? undefined : this.#facts?.life;
  }

  /** Who else has its default catalogue; as long as it has not answered, the catalogue counts as nobody else's. */
  get catalog(): CatalogReach {
    return this.#facts?.catalog ?? "session";
  }

  /**
   * The connection to its present life. A driver that was lost and comes back has another one, by which sessions tell
   * that they are gone.
   */
  get connection(): DriverConnection | undefined {
    return this.#connection;
  }

  /** The folder that relative paths of the driver begin at, where the gateway knows it. */
  get workingFolder(): string | undefined {
    return this.#workingFolder;
  }

  /** It has been started, and listens here. */
  connect(address: DriverAddress, workingFolder?: string): DriverConnection {
    this.#workingFolder = workingFolder;
    this.#connection?.[Symbol.dispose]();
    this.#facts = undefined;
    this.#connection = new DriverConnection(address, () => void this.suspect());
    return this.#connection;
  }

  /** It has answered, and is watched. */
  ready(facts: DriverFacts, watch: Watch): void {
    this.#facts = facts;
    this.#watch = watch;
    this.become("ready");
  }

  /**
   * Somebody has reason to doubt that it lives (a call broke off): it is checked at once. Resolves, when that is known,
   * with whether it lives on in the same life; a driver that hangs takes as long to be known as the health checks allow.
   */
  suspect(): Promise<boolean> {
    return this.#watch?.suspect() ?? Promise.resolve(false);
  }

  /** It does not answer any more. */
  lost(because: string): void {
    this.lostBecause = because;
    this.#disconnect();
    this.become("lost");
  }

  /** It has been ended on purpose. */
  stopped(): void {
    this.#disconnect();
    this.sessions = 0;
    this.become("stopped");
  }

  /**
   * Goes over to another state.
   * @throws {Error} when the state of now does not lead there: a fault of ours.
   */
  become(state: DriverState): void {
    const before = this.#state;
    if (!mayBecome(before, state))
      throw new Error(`the driver ${this.id} is ${before} and cannot be ${state}`);
    this.#state = state;
    if (state !== "lost") this.lostBecause = undefined;
    this.#changed(this, before);
  }

  #disconnect(): void {
    this.#watch = undefined;
    this.#connection?.[Symbol.dispose]();
    this.#connection = undefined;
    this.sessions = 0;
  }
}
