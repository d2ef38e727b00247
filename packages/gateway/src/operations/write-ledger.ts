import type { SessionStore } from "../store/session-store.ts";

/** Notes writes before they are sent, so that none is sent twice. */
export type WriteLedger = Pick<SessionStore, "beginWrite" | "endWrite">;
