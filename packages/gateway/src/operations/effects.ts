import type { Effect } from "../journal/call-summary.ts";
import type { SessionCall } from "../sessions/session-directory.ts";

/** Notes what a call that has succeeded did to its session, so that a move does not lose it. */
export async function recordEffect(effect: Effect, call: SessionCall): Promise<void> {
  switch (effect.type) {
    case "read":
      return;
    case "session":
    case "write":
      if (effect.entries.length > 0) await call.record(effect.entries);
      if (effect.tables.length > 0) await call.recordTables(effect.tables);
      if (effect.type === "write" && effect.pin !== undefined) await call.pin(effect.pin);
      return;
    case "pin":
      await call.pin(effect.reason);
      return;
    case "unpin":
      await call.unpin(effect.reason);
  }
}
