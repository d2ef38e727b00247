import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SparkAddress } from "@duet/engine";
import type { ScriptEngineProvider, ScriptRayAddress } from "@duet/python-script";
import { EmbeddedEngines, type EmbeddedEnginesOptions } from "../embedded/embedded-engines.ts";
import { pythonPath } from "../embedded/installation.ts";
import type { Profile, ProfileRay } from "./profile.ts";
import { ProfileError } from "./profile-error.ts";

/** The engines of a script that runs here against a profile's Ray cluster (`--here`); Spark is the options'. */
export class ProfileEngines implements ScriptEngineProvider, AsyncDisposable {
  readonly #profile: Profile;
  readonly #embedded: EmbeddedEngines;
  #tokenFolder: Promise<string> | undefined;
  #ray: Promise<ScriptRayAddress> | undefined;

  constructor(profile: Profile, options: Omit<EmbeddedEnginesOptions, "ray">) {
    this.#profile = profile;
    this.#embedded = new EmbeddedEngines({ ...options, ray: { kind: "local" } });
  }

  spark(signal: AbortSignal): Promise<SparkAddress> {
    return this.#embedded.spark(signal);
  }

  /** @throws {ProfileError} `profile-incomplete` @throws {RayJobsError} */
  ray(signal: AbortSignal): Promise<ScriptRayAddress> {
    return (this.#ray ??= this.#findRay(signal));
  }

  get sparkKind(): SparkAddress["kind"] | undefined {
    return this.#embedded.sparkKind;
  }

  /** Kills what was started here, at once. */
  kill(): void {
    this.#embedded.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#embedded[Symbol.asyncDispose]();
    const folder = await this.#tokenFolder;
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }

  async #findRay(signal: AbortSignal): Promise<ScriptRayAddress> {
    const { name, file, ray } = this.#profile;
    if (ray?.address === undefined) {
      throw new ProfileError(
        "profile-incomplete",
        `${file ?? "duet.toml"}: the profile ${name} has no address of Ray for a script that runs here`,
        'add it: [profiles.NAME.ray] address = "head:6379"',
      );
    }
    const modules = await wiringModules(ray, signal);
    return {
      gcsAddress: ray.address,
      modules,
      ...(ray.token === undefined ? {} : { tokenPath: await this.#writeToken(ray.token) }),
      ...ray.bridge,
      description: `Ray at ${ray.address}`,
    };
  }

  /** Ray reads its token from a file, which only this user may read. */
  async #writeToken(token: string): Promise<string> {
    this.#tokenFolder ??= mkdtemp(join(tmpdir(), "duet-"));
    const path = join(await this.#tokenFolder, "token");
    await writeFile(path, token, { mode: 0o600 });
    return path;
  }
}

/** Where the cluster's workers find Duet's wiring: sent through the Jobs API, else by Ray when the script connects. */
async function wiringModules({ jobs, token }: ProfileRay, signal: AbortSignal): Promise<readonly string[]> {
  if (jobs === undefined) return [join(pythonPath, "duet")];
  const { uploadWiring } = await import("@duet/python-script");
  return uploadWiring({ url: jobs, ...(token === undefined ? {} : { token }) }, pythonPath, signal);
}
