import type { Driver } from "../drivers/driver.ts";
import type { GatewayError } from "../grpc/status.ts";
import type { Identity } from "../identity/identity.ts";
import type { JournalEntry } from "../journal/journal-entry.ts";
import type { TableChange } from "../journal/call-summary.ts";
import type { CallHead } from "../proxy/call.ts";
import type { DriverConnection } from "../proxy/driver-connection.ts";

/** Where a session lives: on a driver, in one of its lives, under an id that only this life has seen. */
export interface SessionPlace {
  readonly driver: Driver;
  readonly life: DriverConnection;
  readonly driverSessionId: string;
}

/** A client's session, whatever driver it is on. */
export interface SessionName {
  readonly userId: string;
  /** The id that the client has chosen. */
  readonly clientId: string;
  /** The `server_side_session_id` that the client sees, the same on every driver. */
  readonly serverId: string;
}

/** The ids of a clone. */
export interface CloneIds {
  /** As the client asked for it, or as it is told. */
  readonly clientId: string;
  /** The `server_side_session_id` that the client is told, a random UUID. */
  readonly serverId: string;
  /** From `newDriverSessionId`. */
  readonly driverSessionId: string;
}

/** A call of a session. The session stays where it is until the call is disposed of. */
export interface SessionCall extends Disposable {
  readonly session: SessionName;
  readonly place: SessionPlace;
  /**
   * The call has failed because its driver does not answer: gives the place where it can be made again. That is the
   * same place when the driver turns out to live, else the one where the session's journal has been replayed.
   * @throws {GatewayError} `session-lost` with the reason, or `no-driver-ready`.
   */
  replace(cause: GatewayError, signal: AbortSignal): Promise<SessionPlace>;
  /**
   * The call has changed the session: resolves when that is in the store, so before the client is told.
   * A journal that is too large pins the session and does not reject.
   */
  record(entries: readonly JournalEntry[]): Promise<void>;
  /** The call has changed tables in a catalogue that only the driver has. */
  recordTables(changes: readonly TableChange[]): Promise<void>;
  /** The session cannot be moved from now on, or this reason for it has ended. */
  pin(reason: string): Promise<void>;
  unpin(reason: string): Promise<void>;
  /** Keeps the session where it is beyond the call, for an operation that runs without one. */
  hold(): Disposable;
  /** Ends the session (ReleaseSession was answered). */
  end(): Promise<void>;
  /**
   * The session was cloned on its driver (CloneSession was answered): the clone lives there too, and has its journal.
   * Its ids are made by who passes the call on, since the answer's are to be translated.
   */
  cloned(clone: CloneIds): Promise<void>;
}

/** The sessions of the gateway. */
export interface SessionDirectory {
  /**
   * Finds the call's session, or opens one where the method may; waits for a driver, or while the session is moved.
   * @throws {GatewayError} `session-unknown`, `session-lost`, `session-closed`, `too-many-sessions`, `pool-unknown`, `pool-full`, `no-driver-ready`
   */
  enter(head: CallHead, identity: Identity, signal: AbortSignal): Promise<SessionCall>;
}
