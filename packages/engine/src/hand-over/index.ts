export { handBack, type HandBackOptions } from "./hand-back.ts";
export { handOver, type HandOverOptions } from "./hand-over.ts";
export { handedArgument, type HandedTable } from "./handed-table.ts";
