import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ProcessIdentity } from "./processes.ts";

/** What `$DUET_HOME/cluster/cluster.json` says: where the cluster's ports begin, and which processes it has. */
export interface ClusterRecord {
  readonly firstPort: number;
  readonly daemons: Readonly<Record<string, ProcessIdentity>>;
}

const file = (home: string): string => join(home, "cluster.json");

/** Reads the record of a cluster; undefined where there is none. */
export async function readRecord(home: string): Promise<ClusterRecord | undefined> {
  try {
    return JSON.parse(await readFile(file(home), "utf8")) as ClusterRecord;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The record while `up` or `down` changes it; each change is on the disk, whole, before the next one. */
export class RecordKeeper {
  readonly #home: string;
  #record: ClusterRecord;
  #written: Promise<void> = Promise.resolve();

  constructor(home: string, record: ClusterRecord) {
    this.#home = home;
    this.#record = record;
  }

  get daemons(): ClusterRecord["daemons"] {
    return this.#record.daemons;
  }

  /** Remembers a daemon's process. */
  set(name: string, process: ProcessIdentity): Promise<void> {
    return this.#write({ ...this.#record.daemons, [name]: process });
  }

  /** Forgets a daemon's process. */
  remove(name: string): Promise<void> {
    const rest = Object.entries(this.#record.daemons).filter(([key]) => key !== name);
    return this.#write(Object.fromEntries(rest));
  }

  #write(daemons: ClusterRecord["daemons"]): Promise<void> {
    this.#record = { ...this.#record, daemons };
    const text = `${JSON.stringify(this.#record, null, 2)}\n`;
    this.#written = this.#written.then(async () => {
      await mkdir(this.#home, { recursive: true, mode: 0o700 });
      const temporary = `${file(this.#home)}.${process.pid}`;
      await writeFile(temporary, text, { mode: 0o600 });
      await rename(temporary, file(this.#home));
    });
    return this.#written;
  }
}
