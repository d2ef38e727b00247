import type { Driver } from "../drivers/driver.ts";
import type { DriverPool } from "../drivers/pool.ts";
import type { StoredPlace } from "../store/session-store.ts";
import type { Session } from "./session.ts";

/** Counts the sessions of each driver's life, and keeps the drivers' own count right. */
export class Occupancy implements Disposable {
  readonly #pool: DriverPool;
  readonly #residents = new Map<string, Set<Session>>();
  readonly #places = new Map<Session, string>();
  /** Sessions that are about to be placed, by life. */
  readonly #reserved = new Map<string, number>();
  readonly #listening: Disposable;

  constructor(pool: DriverPool) {
    this.#pool = pool;
    // A driver that is back in the same life (it could not be reached for a while) still has its sessions.
    this.#listening = pool.listen(({ driver, before }) => {
      if (before !== driver.state && driver.state === "ready") this.#count(driver);
    });
  }

  /** The session lives where its row says. */
  settle(session: Session): void {
    const { place } = session.stored;
    const name = place === undefined ? undefined : lifeName(place.driverId, place.life);
    const before = this.#places.get(session);
    if (name === before) return;
    this.remove(session);
    if (name === undefined || place === undefined) return;
    const residents = this.#residents.get(name) ?? new Set();
    residents.add(session);
    this.#residents.set(name, residents);
    this.#places.set(session, name);
    this.#countOf(place);
  }

  /** The session lives nowhere any more. */
  remove(session: Session): void {
    const name = this.#places.get(session);
    if (name === undefined) return;
    this.#places.delete(session);
    const residents = this.#residents.get(name);
    residents?.delete(session);
    if (residents?.size === 0) this.#residents.delete(name);
    for (const driver of this.#pool.drivers) if (nameOf(driver) === name) this.#count(driver);
  }

  /** The sessions that live on a driver in its present life. */
  of(driver: Driver): readonly Session[] {
    return [...(this.#residents.get(nameOf(driver) ?? "") ?? [])];
  }

  /** Counts a session on a driver that is about to be placed there, until it is disposed of. */
  reserve(driver: Driver): Disposable {
    const name = nameOf(driver) ?? "";
    this.#reserved.set(name, (this.#reserved.get(name) ?? 0) + 1);
    this.#count(driver);
    const reserved = new DisposableStack();
    reserved.defer(() => {
      const left = (this.#reserved.get(name) ?? 1) - 1;
      if (left === 0) this.#reserved.delete(name);
      else this.#reserved.set(name, left);
      if (nameOf(driver) === name) this.#count(driver);
    });
    return reserved;
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
  }

  #countOf({ driverId, life }: StoredPlace): void {
    const driver = this.#pool.drivers.find(({ id }) => id === driverId);
    if (driver?.life === life) this.#count(driver);
  }

  #count(driver: Driver): void {
    const name = nameOf(driver) ?? "";
    const sessions = (this.#residents.get(name)?.size ?? 0) + (this.#reserved.get(name) ?? 0);
    if (driver.sessions !== sessions) this.#pool.sessionsCounted(driver, sessions);
  }
}

function nameOf({ id, life }: Driver): string | undefined {
  return life === undefined ? undefined : lifeName(id, life);
}

function lifeName(driverId: string, life: string): string {
  return `${driverId}\n${life}`;
}
