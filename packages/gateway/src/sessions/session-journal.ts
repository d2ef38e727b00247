import { userContext } from "../identity/user-context.ts";
import { type JournalBounds, overBounds } from "../journal/bound.ts";
import type { TableChange } from "../journal/call-summary.ts";
import { driverQuestion } from "../journal/driver-question.ts";
import type { JournalEntry } from "../journal/journal-entry.ts";
import { isRedundant, superseded } from "../journal/superseded.ts";
import { tableEntries } from "../journal/table-entries.ts";
import { headOf } from "../store/entry-head.ts";
import type { SessionStore } from "../store/session-store.ts";
import type { KnownSessions } from "./known-sessions.ts";
import type { SessionPlace } from "./session-directory.ts";
import type { Session } from "./session.ts";

/** Milliseconds that a driver has to tell of changes. */
const ASK_TIMEOUT = 30_000;

/** How a reason begins for which nothing more of a session is recorded. */
const OUTGROWN = "the session has outgrown what is recorded of it";

/** Keeps the journals of sessions: adds entries one after the other, and takes out what they supersede. */
export class SessionJournal {
  readonly #store: SessionStore;
  readonly #known: KnownSessions;
  readonly #bounds: JournalBounds;
  /** Why sessions were pinned since these entries could not be stored. */
  readonly #unrecorded = new WeakMap<readonly JournalEntry[], string>();

  constructor(store: SessionStore, known: KnownSessions, bounds: JournalBounds) {
    this.#store = store;
    this.#known = known;
    this.#bounds = bounds;
  }

  /**
   * Adds entries. A journal that would be too large pins the session instead, and is kept no more.
   * @throws {GatewayError} `store-unavailable`; the session is pinned then, since its journal lacks something, until the
   *   same entries have been recorded after all.
   */
  async record(session: Session, entries: readonly JournalEntry[]): Promise<void> {
    const before = session.recording;
    const recorded = (async () => {
      // Who waits for the earlier one learns of its failure.
      await before.catch(() => undefined);
      for (const entry of entries) await this.#add(session, entry);
    })();
    session.recording = recorded.catch(() => undefined);
    try {
      await recorded;
    } catch (error) {
      const pin = `a change of it could not be recorded: ${(error as Error).message}`;
      this.#unrecorded.set(entries, pin);
      session.unstoredPins.add(pin);
      throw error;
    }
    const pin = this.#unrecorded.get(entries);
    if (pin !== undefined) session.unstoredPins.delete(pin);
  }

  /** Adds what the driver tells of changes. What it does not tell pins the session. */
  async recordTables(session: Session, place: SessionPlace, changes: readonly TableChange[]): Promise<void> {
    const { driver, life, driverSessionId } = place;
    const identity = { userId: session.key.userId, pool: undefined };
    const ask = driverQuestion(
      life,
      { driverSessionId, userContext: userContext(identity, undefined) },
      AbortSignal.timeout(ASK_TIMEOUT),
    );
    const { catalog, workingFolder } = driver;
    const { entries, pins } = await tableEntries(changes, { catalog, workingFolder, ask }).catch(
      (error: unknown) => ({
        entries: [],
        pins: [`its driver did not tell what it has changed: ${(error as Error).message}`],
      }),
    );
    await this.record(session, entries);
    for (const pin of pins) await this.#known.pin(session, pin);
  }

  async #add(session: Session, entry: JournalEntry): Promise<void> {
    for (;;) {
      if (session.pins.some((pin) => pin.startsWith(OUTGROWN))) return;
      session.heads ??= [...(await this.#store.heads(session.key))];
      const { heads, stored } = session;
      const next = headOf(entry, stored.version + 1);
      const gone = superseded(heads, next);
      const kept = isRedundant(heads, next) ? undefined : entry;
      if (kept === undefined && gone.length === 0) return;
      const tooLarge = kept === undefined ? undefined : overBounds(heads, next, gone, this.#bounds);
      if (tooLarge !== undefined) {
        await this.#known.pin(session, `${OUTGROWN}: ${tooLarge}`);
        return;
      }
      const version = await this.#store.append(session.key, stored.version, kept, gone);
      if (version === undefined) {
        await this.#known.read(session);
        session.heads = undefined;
        continue;
      }
      const left = heads.filter(({ sequence }) => !gone.includes(sequence));
      session.heads = kept === undefined ? left : [...left, headOf(kept, version)];
      this.#known.note(session, { version });
      return;
    }
  }
}
