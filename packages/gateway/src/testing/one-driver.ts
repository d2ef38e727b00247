import { Driver } from "../drivers/driver.ts";
import { HealthCheck } from "../drivers/health.ts";
import { WATCH_DEFAULTS } from "../drivers/supervise.ts";
import { Watch } from "../drivers/watch.ts";
import { GatewayEvents, type GatewayEvent } from "../events.ts";
import type { GatewayError } from "../grpc/status.ts";
import type { JournalEntry } from "../journal/journal-entry.ts";
import { artifactSummary, summarize } from "../journal/summarize.ts";
import { OperationBook } from "../operations/operation-book.ts";
import { VanishedClients } from "../operations/vanished-clients.ts";
import type { WriteLedger } from "../operations/write-ledger.ts";
import type { DriverAddress } from "../proxy/driver-connection.ts";
import { GatewayServer, type ServerOptions } from "../proxy/gateway-server.ts";
import { passThrough, type PassThroughOptions } from "../proxy/pass-through.ts";
import type { SessionCall, SessionPlace } from "../sessions/session-directory.ts";
import type { LedgerEntry } from "../store/session-store.ts";

/** The id that drivers see for every session of {@link startGatewayTo}, in its first place. */
export const DRIVER_SESSION = "dddddddd-dddd-8ddd-8ddd-dddddddddddd";

/** What clients see as the server's side of every session. */
export const SERVER_SESSION = "5eae5e5e-0000-4000-8000-00000000000c";

/** How {@link startGatewayTo} behaves besides. */
export interface OneDriverOptions extends ServerOptions, PassThroughOptions {
  /** What calls whose driver has failed go to, one after the other; without any, the driver is found to live. */
  readonly next?: readonly DriverAddress[];
  /** Whether the drivers are ones that repeat after a reattach what has not arrived, as Apache Spark's. */
  readonly resumes?: boolean;
  /** Milliseconds for which a client that has gone is waited for. */
  readonly grace?: number;
  readonly largestResult?: number;
  /** What is recorded is in the store when this resolves. */
  readonly recording?: Promise<unknown>;
}

/** A gateway in front of one driver at a time, without pool and placement. */
export interface OneDriverGateway extends AsyncDisposable {
  readonly port: number;
  readonly events: readonly GatewayEvent[];
  /** What calls have recorded, in order: entries of the journal as their `defines`, pins as their reasons. */
  readonly recorded: readonly string[];
  readonly ledger: ReadonlyMap<string, LedgerEntry["state"]>;
  /** Calls that are on their way, and what keeps the session where it is. */
  running(): number;
  /** Operations that have not ended. */
  operations(): number;
}

/** Starts one; sessions get the id {@link DRIVER_SESSION}, and another one with each move. */
export async function startGatewayTo(
  first: DriverAddress,
  options: OneDriverOptions = {},
): Promise<OneDriverGateway> {
  const told: GatewayEvent[] = [];
  const events = new GatewayEvents();
  events.listen((event) => told.push(event));
  const recorded: string[] = [];
  const entries = new Map<string, LedgerEntry["state"]>();
  const places = [first, ...(options.next ?? [])].map((address, index) => placeAt(address, index, options));
  let at = 0;
  let running = 0;
  const current = () => places[at] ?? unreachable();
  const ledger = ledgerIn(entries);
  const operations = new OperationBook(events);
  const vanished = new VanishedClients(operations, ledger, options.grace);
  const counted = (): Disposable => {
    running += 1;
    let open = true;
    return {
      [Symbol.dispose]: () => {
        if (open) running -= 1;
        open = false;
      },
    };
  };
  const services = {
    authenticator: { authenticate: () => Promise.resolve(undefined) },
    limits: {
      checkSession: () => undefined,
      beginOperation: () => ({ [Symbol.dispose]: () => undefined }),
      largestResult: () => options.largestResult,
    },
    directory: {
      enter: (head: { readonly sessionId: string }, { userId }: { readonly userId: string }) => {
        const within = counted();
        let place = current();
        const call: SessionCall = {
          session: { userId, clientId: head.sessionId, serverId: SERVER_SESSION },
          get place() {
            return place;
          },
          replace: (cause: GatewayError, signal: AbortSignal) => {
            signal.throwIfAborted();
            if (options.next === undefined) return Promise.resolve(place);
            if (places[at] === place && places[at + 1] === undefined) return Promise.reject(cause);
            if (places[at] === place) {
              place.driver.lost("it was cut off");
              at += 1;
            }
            place = current();
            return Promise.resolve(place);
          },
          record: (made: readonly JournalEntry[]) => {
            recorded.push(...made.flatMap(({ defines }) => defines));
            return options.recording?.then(() => undefined) ?? Promise.resolve();
          },
          recordTables: (changes) => {
            recorded.push(...changes.map(({ object }) => object));
            return Promise.resolve();
          },
          pin: (reason) => {
            recorded.push(`pin ${reason}`);
            return Promise.resolve();
          },
          unpin: (reason) => {
            recorded.push(`unpin ${reason}`);
            return Promise.resolve();
          },
          hold: counted,
          end: () => {
            recorded.push("end");
            return Promise.resolve();
          },
          cloned: ({ clientId }) => {
            recorded.push(`cloned ${clientId}`);
            return Promise.resolve();
          },
          [Symbol.dispose]: () => {
            within[Symbol.dispose]();
          },
        };
        return Promise.resolve(call);
      },
    },
    operations,
    vanished,
    ledger,
    summarize,
    summarizeArtifacts: artifactSummary,
    events,
  };
  const server = await GatewayServer.listen(
    (client, headers, peer) => passThrough(client, headers, peer, services, options),
    options,
  );
  return {
    port: server.address.port,
    events: told,
    recorded,
    ledger: entries,
    running: () => running,
    operations: () => operations.size,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await vanished[Symbol.asyncDispose]();
      for (const { life } of places) life[Symbol.dispose]();
    },
  };
}

function placeAt(address: DriverAddress, index: number, { resumes = false }: OneDriverOptions): SessionPlace {
  const driver = new Driver({ id: `driver-${index}` }, () => undefined);
  const life = driver.connect(address);
  const facts = { version: "4", life: `life-${index}`, catalog: resumes ? "driver" : "session" } as const;
  // It does not run: what fails is told by the tests.
  driver.ready(facts, new Watch(life, new HealthCheck(life, 1_000), WATCH_DEFAULTS));
  const driverSessionId =
    index === 0 ? DRIVER_SESSION : DRIVER_SESSION.replace(/d{12}$/u, `${index}`.repeat(12));
  return { driver, life, driverSessionId };
}

function ledgerIn(entries: Map<string, LedgerEntry["state"]>): WriteLedger {
  return {
    beginWrite: (entry) => {
      const state = entries.get(entry.operationId);
      if (state !== undefined) return Promise.resolve({ ...entry, state });
      entries.set(entry.operationId, "sent");
      return Promise.resolve(undefined);
    },
    endWrite: (_, operationId, state) => {
      entries.set(operationId, state);
      return Promise.resolve();
    },
  };
}

function unreachable(): never {
  throw new Error("there is no such place");
}
