export type * from "./run-event.ts";
export type * from "./engine-provider.ts";
