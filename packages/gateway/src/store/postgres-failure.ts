import { DatabaseError } from "pg";
import type { StoreFailure } from "./store-failure.ts";

/** Says why a statement failed, if it was for the sake of the connection, the server or its machine. */
export function postgresFailure(error: unknown): StoreFailure | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof DatabaseError) {
    const found = FAILURES.find(({ codes }) => codes.test(error.code ?? ""));
    if (found === undefined) return undefined;
    return { ...found, reason: `${found.reason} (${error.message})` };
  }
  if (!isConnectionFailure(error)) return undefined;
  return { ...UNREACHABLE, reason: `${UNREACHABLE.reason} (${wordsOf(error)})` };
}

/** Whether the connection is of no use any more. */
export function isConnectionFailure(error: unknown): boolean {
  if (error instanceof DatabaseError) return /^(08|57P)/u.test(error.code ?? "");
  if (!(error instanceof Error)) return false;
  // The driver's own errors have nothing but their texts.
  return CONNECTION_TEXTS.test(error.message) || ("code" in error && NETWORK_CODES.test(String(error.code)));
}

const CONNECTION_TEXTS =
  /^(Connection terminated|Query read timeout|timeout expired|timeout exceeded when trying to connect|Client (has encountered|was closed))/u;

const NETWORK_CODES = /^(E(CONN|PIPE|TIMEDOUT|HOST|NET|NOTFOUND|AI_AGAIN)|ERR_STREAM)/u;

const UNREACHABLE = {
  reason: "cannot be reached",
  remedy: "start PostgreSQL, or look after the network between",
  transient: true,
};

// The classes of PostgreSQL's Appendix A, 'PostgreSQL Error Codes'.
const FAILURES: readonly (StoreFailure & { readonly codes: RegExp })[] = [
  { codes: /^(08|57P)/u, ...UNREACHABLE },
  { codes: /^40/u, reason: "had to break off a change", remedy: "try again", transient: true },
  {
    codes: /^53100/u,
    reason: "has no room",
    remedy: "free some space on its disk",
    transient: false,
  },
  {
    codes: /^53200/u,
    reason: "has no memory left",
    remedy: "raise its max_locks_per_transaction: each session in use takes a lock",
    transient: false,
  },
  {
    codes: /^53/u,
    reason: "has no connection to spare",
    remedy: "raise its max_connections: each gateway takes six",
    transient: true,
  },
  {
    codes: /^(28|3D|3F|42501)/u,
    reason: "does not let the gateway in",
    remedy: "check user, password, database and rights",
    transient: false,
  },
  {
    codes: /^(25006|58)/u,
    reason: "cannot be written",
    remedy: "name its primary server, and look after its disk",
    transient: true,
  },
];

function wordsOf(error: Error): string {
  if (error.message !== "") return error.message;
  // Node tries each address of a host, and says what came of each.
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  return errors.map((one) => (one instanceof Error ? one.message : String(one))).join(", ");
}
