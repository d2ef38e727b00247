/**
 * Adds entries of 10 kB to a new session's journal until it is killed or the store refuses, and prints the session's
 * client id and then each version that the store has confirmed: `node store-writer.ts FILE`.
 */
import { randomBytes } from "node:crypto";
import { GatewayError } from "../grpc/status.ts";
import { openStore } from "../store/open-store.ts";
import { newEntry, newSession } from "../store/store-suite.ts";

const [, , file = ""] = process.argv;
await using store = await openStore({ type: "sqlite", file });
const session = await store.add(newSession());
process.stdout.write(`${session.clientId}\n`);
try {
  for (let version = 0; ;) {
    version = (await store.append(session, version, newEntry("v", [randomBytes(10_000)]), [])) ?? -1;
    process.stdout.write(`${version}\n`);
    // Lets what was printed leave.
    await new Promise((resolve) => setImmediate(resolve));
  }
} catch (error) {
  if (!(error instanceof GatewayError)) throw error;
  process.stdout.write(`${error.code}: ${error.message}\n`);
  process.stdout.write(`${(await store.heads(session)).length} kept\n`);
}
