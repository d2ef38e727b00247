export type * from "./script-message.ts";
