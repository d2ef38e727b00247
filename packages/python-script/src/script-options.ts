import type { SparkAddress } from "@duet/engine";
import type { AskedSpark } from "./analysis/choose-spark.ts";
import type { EnvironmentInstallation } from "./environment/script-environment.ts";
import type { EndingSignal } from "./process/signal-witness.ts";
import type { ScriptSpark } from "./script-message.ts";

/** A Ray that a script's processes join as drivers. */
export interface ScriptRayAddress {
  /** `host:port` of the head node's GCS. */
  readonly gcsAddress: string;
  /** The file with Ray's own token. */
  readonly tokenPath?: string;
  /** The bridge that watches the script's tasks; absent: they are not told. */
  readonly url?: string;
  /** The bridge's token. */
  readonly token?: string;
  /** For people: `Ray 2.60.0, 2 CPUs`. */
  readonly description: string;
  /** Of a cluster elsewhere: where its workers find Duet's wiring (`py_modules` of a runtime environment). */
  readonly modules?: readonly string[];
}

/** Gives a script its engines: each is started at the first call and kept. An `EngineProvider` is one. */
export interface ScriptEngineProvider {
  spark(signal: AbortSignal): Promise<SparkAddress>;
  ray(signal: AbortSignal): Promise<ScriptRayAddress>;
  readonly sparkKind?: SparkAddress["kind"] | undefined;
}

/** A classic driver in the script's own process, as `DUET_SCRIPT` describes it. */
export type ClassicSpark = ScriptSpark & { readonly kind: "classic" };

/** What a classic driver is made with. */
export interface ClassicInstallation {
  /** A Python with the whole of PySpark. */
  readonly python: string;
  readonly spark: ClassicSpark;
}

/** What a run of a Python script needs to know; nothing of it is in the script. */
export interface PythonScriptOptions {
  /** The script's path as the user gave it: `sys.argv[0]`. */
  readonly script: string;
  /** What follows it on the command line. */
  readonly arguments: readonly string[];
  readonly workingDirectory: string;
  readonly installation: EnvironmentInstallation;
  readonly engines: ScriptEngineProvider;
  /** The Spark that was asked for; left out: Sail, or a classic driver for a script that needs one. */
  readonly spark?: AskedSpark;
  /** Finds what a classic driver needs; rejects with what is missing and how to get it. */
  readonly classic: () => Promise<ClassicInstallation>;
  /** A conda YAML, a requirements file or a `pyproject.toml`; counts before the script's own metadata. */
  readonly environmentFile?: string;
  /** The user's own interpreter, which is checked. */
  readonly interpreter?: string;
  /** A folder that the engines reach too, where they are not on this machine; `none`: there is no such folder. */
  readonly lake?: { readonly path: string } | "none";
  /** Ray's workers are on other machines: an environment that is built on this one is of no use to them. */
  readonly rayElsewhere?: boolean;
  /** The run's id; left out: a new one. */
  readonly run?: string;
  /** More environment variables for the script. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly stdin: "inherit" | "ignore";
  /** `inherit`: it prints where this process prints; `events`: what it prints becomes `log` events. */
  readonly output: "inherit" | "events";
  /** Stops the script: it gets a signal, and 3 s to end. */
  readonly signal?: AbortSignal;
  /** Which signal this process has got, when `signal` is aborted; `SIGINT` by default. */
  readonly stopSignal?: () => EndingSignal;
}
