/**
 * A gateway's part in a session's lock: shares it again and again, and prints each new term, until it is ended:
 * `node lock-holder.ts URL USER CLIENT`.
 */
import { setTimeout as pause } from "node:timers/promises";
import { PostgresLocks } from "../store/postgres-locks.ts";

const [, , url = "", userId = "", clientId = ""] = process.argv;
const locks = new PostgresLocks(url, "holder", 10_000, { kept: 60_000, heartbeat: 50, silence: 60_000 });
let term: number | undefined;
for (;;) {
  const share = await locks.share({ userId, clientId }, new AbortController().signal);
  if (share.term !== term) process.stdout.write(`${share.term}\n`);
  term = share.term;
  // The call goes on while the process hangs.
  await pause(20);
  share[Symbol.dispose]();
}
