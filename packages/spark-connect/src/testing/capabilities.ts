import type { ServerKind } from "./spark-server.ts";

/** What a server can do, where they differ; what one lacks must give a clear error. */
export interface Capabilities {
  /** Sends ExecutionProgress. */
  readonly progress: boolean;
  /** Takes files (AddArtifacts). */
  readonly artifacts: boolean;
  /** Tells class, SQL state, parameters and query contexts of errors, and the whole of long ones. */
  readonly errorDetails: boolean;
  /** Goes on with a result when the connection broke within it. */
  readonly resume: boolean;
  /** Answers whether a function exists. */
  readonly functionExists: boolean;
  /** The place of an analysis mistake in the statement. */
  readonly analysisPositions: boolean;
  /** Rows of eighty bytes that the test of large results reads: over 2 GB where the server streams them. */
  readonly largeResultRows: number;
  /** The Python that runs user-defined functions, below the repository. */
  readonly python: string;
}

/** By kind of server, Sail 0.7 and Apache Spark 4.3. */
export const CAPABILITIES: Readonly<Record<ServerKind, Capabilities>> = {
  sail: {
    progress: false,
    artifacts: false,
    errorDetails: false,
    resume: false,
    functionExists: false,
    analysisPositions: false,
    largeResultRows: 27_000_000,
    python: ".venv/bin/python",
  },
  apache: {
    progress: true,
    artifacts: true,
    errorDetails: true,
    resume: true,
    functionExists: true,
    analysisPositions: true,
    // The driver keeps a whole result until it is read: no more than its heap takes.
    largeResultRows: 2_000_000,
    python: ".venv-apache/bin/python",
  },
};
