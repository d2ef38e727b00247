import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { ConfigurationFile, Mistake } from "./parse-configuration.ts";

/** What the parts of a configuration share while they are resolved: places, secrets, and the mistakes found so far. */
export class Resolution {
  readonly mistakes: Mistake[] = [];
  readonly environment: NodeJS.ProcessEnv;
  readonly #file: ConfigurationFile;

  constructor(file: ConfigurationFile, environment: NodeJS.ProcessEnv) {
    this.#file = file;
    this.environment = environment;
  }

  /** Notes a mistake; the setting is named from `gateway` on. */
  mistake(key: readonly string[], text: string): void {
    this.mistakes.push({ key, text });
  }

  /** A path of the file, which is relative to the file's folder, or to the home directory after `~/`. */
  path<T extends string | undefined>(path: T): T | string {
    if (path === undefined) return path;
    return resolve(dirname(this.#file.path), path.replace(/^~(?=\/)/u, this.environment.HOME ?? "~"));
  }

  /** What an environment variable or else a file holds; undefined when neither is named, or where it is a mistake. */
  secret(
    table: readonly string[],
    variable: string | undefined,
    file: string | undefined,
  ): string | undefined {
    if (variable !== undefined) {
      const value = this.environment[variable]?.trim() ?? "";
      if (value !== "") return value;
      if (file === undefined) this.mistake([...table, "token-env"], `names ${variable}, which is not set`);
    }
    if (file === undefined) return undefined;
    const path = this.path(file);
    try {
      const value = readFileSync(path, "utf8").trim();
      if (value !== "") return value;
      this.mistake([...table, "token-file"], `names ${path}, which is empty`);
    } catch (error) {
      this.mistake([...table, "token-file"], `cannot be read: ${(error as Error).message}`);
    }
    return undefined;
  }

  /** Whether only this machine reaches an address. */
  isLoopback(host: string): boolean {
    return /^(127(\.\d{1,3}){3}|::1|localhost)$/u.test(host);
  }
}
