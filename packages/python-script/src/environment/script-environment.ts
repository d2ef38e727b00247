/** The parts of Duet's installation that environments are made with. */
export interface EnvironmentInstallation {
  /** The Python of `.venv`: it has Ray in the embedded cluster's version. */
  readonly python: string;
  /** The folder with the package `duet`, for `PYTHONPATH`. */
  readonly pythonPath: string;
  /** `$DUET_HOME`. */
  readonly home: string;
}

/** The versions of a Ray cluster that a script will join. */
export interface ClusterVersions {
  /** In full, `3.11.7`. */
  readonly python: string;
  /** `2.60.0` */
  readonly ray: string;
}

/** What describes a script's environment. `environmentFile` counts before the script's own metadata. */
export interface EnvironmentSource {
  /** The script's absolute path. */
  readonly script: string;
  /** The texts of its `# /// script` blocks (PEP 723), and the lines on which they begin. */
  readonly metadata?: readonly { readonly text: string; readonly line: number }[];
  /** The absolute path of a conda YAML, a requirements file or a `pyproject.toml`. */
  readonly environmentFile?: string;
}

/** For whom an environment is made, and who hears of it. */
export interface EnvironmentRequest {
  readonly installation: EnvironmentInstallation;
  readonly source: EnvironmentSource;
  /** `classic`: the script's process is a Spark driver itself. By default `connect`. */
  readonly spark?: "connect" | "classic";
  /** By default those of this installation, which are the embedded cluster's. */
  readonly cluster?: ClusterVersions;
  /** Something has to be built: `building the environment (5 packages)`. */
  readonly onBuild?: (title: string) => void;
  /** A line of uv, while it builds. */
  readonly onLine?: (line: string) => void;
  /** What a person should know although it is no mistake. */
  readonly onNote?: (note: string) => void;
  readonly signal?: AbortSignal;
}

/** The Python of a script, and what its Ray tasks need for theirs to be the same. */
export interface ScriptEnvironment {
  /** The interpreter's absolute path. */
  readonly python: string;
  /** For the Ray job of the script on the embedded node; absent where the cluster's own Python does. */
  readonly runtimeEnv?: { readonly py_executable: string };
  /** Environment variables that the script's processes need because of this interpreter. */
  readonly variables?: Readonly<Record<string, string>>;
}
